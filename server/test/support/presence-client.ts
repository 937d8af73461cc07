import {
  json,
  type Member,
  type PresencePush,
  type Reply,
  type ServerMessage,
  type WatchResult,
} from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import type { LoopbackClient } from '../../src/transport/loopback-client.ts';
import type { CommandInput } from './protocol-client.ts';

type Sent = Extract<
  CommandInput,
  { type: 'watch' | 'unwatch' | 'members' | 'enter' | 'leave' | 'connect' | 'subscribe' }
>;

/** The members of a channel as a client sees them by the rules of SPEC.md section 9. */
export class RosterView {
  readonly #fault: (text: string) => void;
  readonly #exact: boolean;
  wire: 'off' | 'asked' | 'on' | 'leaving' = 'off';
  /** By user; `null` if only the count is known. */
  known: Map<string, { version: number; member: Member }> | null = null;
  total = -1;
  /** Version of the list. */
  #version = 0;
  /** The list is not complete yet. */
  #listing = false;
  #received = false;
  /** A version whose total differs from the known members: more pushes of it must follow. */
  #open: number | undefined;

  /** @param exact does the total of every push count exactly the announced members? */
  constructor(fault: (text: string) => void, { exact }: { exact: boolean }) {
    this.#fault = fault;
    this.#exact = exact;
  }

  begin({ total }: WatchResult): void {
    this.wire = 'on';
    this.known = null;
    this.total = total;
    this.#received = false;
    this.#listing = false;
    this.#open = undefined;
  }

  get complete(): boolean {
    return this.#received && !this.#listing;
  }

  apply(push: PresencePush): void {
    if (this.wire !== 'on' && this.wire !== 'leaving')
      this.#fault(`received presence of ${push.channel} without watching`);
    this.total = push.total;
    if (push.changes === undefined) {
      this.known = null;
      this.#listing = false;
    } else this.#changes(push, push.changes);
    this.#received = true;
    if (this.#exact) this.#count(push);
  }

  #count({ channel, version, total, changes, reset }: PresencePush): void {
    const isDelta = changes !== undefined && reset !== true;
    if (isDelta && this.#open !== undefined && this.#open !== version) this.#fault(`missed changes of ${channel}`);
    this.#open = this.known === null || this.#listing || this.known.size === total ? undefined : version;
  }

  #changes(push: PresencePush, changes: NonNullable<PresencePush['changes']>): void {
    const continued = this.#listing && push.reset !== true;
    if (push.reset === true) {
      this.known = new Map();
      this.#version = push.version;
    } else if (this.known === null) {
      this.#fault(`received changes of ${push.channel} without a list: ${JSON.stringify(push)}`);
      return;
    } else if (continued && push.version !== this.#version) {
      this.#fault(`received changes of ${push.channel} in the middle of a list`);
    }
    this.#listing = push.more === true;
    const inList = continued || push.reset === true;
    if (push.more === true && !inList) this.#fault(`received "more" with changes of ${push.channel}`);
    for (const change of changes) {
      if (!inList && change.version <= this.#version) continue;
      if ('left' in change) this.known?.delete(change.left);
      else this.known?.set(change.member.user, { version: change.version, member: change.member });
    }
  }
}

/** A client that watches, enters, and checks everything it receives. */
export class PresenceClient {
  readonly name: string;
  readonly user: string;
  readonly binary: boolean;
  readonly exact: boolean;
  readonly faults: string[] = [];
  readonly views = new Map<string, RosterView>();
  readonly #asked = new Map<number, Sent>();
  #lastId = 0;
  #socket: LoopbackClient | undefined;
  /** The received pages of members. */
  pages: { channel: string; limit: number; members: readonly Member[]; next: number | undefined }[] = [];
  bytes = 0;

  constructor(name: string, options: { user: string; binary: boolean; exact: boolean }) {
    this.name = name;
    this.user = options.user;
    this.binary = options.binary;
    this.exact = options.exact;
  }

  get socket(): LoopbackClient | undefined {
    return this.#socket;
  }

  connect(socket: LoopbackClient): void {
    this.#socket = socket;
    socket.onFrame = (frame) => {
      this.bytes += frame.length;
      const value = this.binary ? msgpack.decode(frame as Uint8Array) : json.decode(frame);
      for (const message of (Array.isArray(value) ? value : [value]) as ServerMessage[]) this.#handle(message);
    };
    socket.onEnd = () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#asked.clear();
      this.views.clear();
    };
    this.send({ type: 'connect', token: this.user });
  }

  send(...commands: Sent[]): void {
    const numbered = commands.map((command) => ({ ...command, id: ++this.#lastId }));
    for (const command of numbered) this.#asked.set(command.id, command);
    this.#socket?.send(this.binary ? (msgpack.encode(numbered) as Uint8Array) : json.encode(numbered));
  }

  watch(channel: string): void {
    const view = this.views.get(channel) ?? new RosterView((text) => this.#fault(text), this);
    if (view.wire !== 'off') return;
    this.views.set(channel, view);
    view.wire = 'asked';
    this.send({ type: 'watch', channel });
  }

  unwatch(channel: string): void {
    const view = this.views.get(channel);
    if (view?.wire !== 'on') return;
    view.wire = 'leaving';
    this.send({ type: 'unwatch', channel });
  }

  #handle(message: ServerMessage): void {
    if (message.type === 'reply') this.#answered(message);
    else if (message.type === 'presence') {
      const view = this.views.get(message.channel);
      if (view === undefined) this.#fault(`received presence of ${message.channel}, which it never watched`);
      else view.apply(message);
    } else if (message.type === 'error') this.#refused(message);
  }

  #refused(message: Extract<ServerMessage, { type: 'error' }>): void {
    const command = this.#asked.get(message.id ?? 0);
    this.#asked.delete(message.id ?? 0);
    if (command?.type === 'leave' && message.error.name === 'not_member') return;
    if (command?.type === 'subscribe' && message.error.name === 'already_subscribed') return;
    this.#fault(`was answered ${JSON.stringify(message)} to ${JSON.stringify(command)}`);
  }

  #answered({ id, result }: Reply): void {
    const command = this.#asked.get(id);
    if (command === undefined) {
      this.#fault(`received an unexpected or repeated answer to ${id}`);
      return;
    }
    this.#asked.delete(id);
    if (command.type === 'watch') this.views.get(command.channel)?.begin(result as WatchResult);
    if (command.type === 'unwatch') this.#ended(command.channel);
    if (command.type === 'members') {
      const { members, next } = result as { members: readonly Member[]; next?: number };
      this.pages.push({ channel: command.channel, limit: command.limit ?? 100, members, next });
    }
  }

  #ended(channel: string): void {
    const view = this.views.get(channel);
    if (view !== undefined) view.wire = 'off';
  }

  #fault(text: string): void {
    this.faults.push(`${this.name} ${text}`);
  }
}
