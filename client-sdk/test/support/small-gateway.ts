import {
  type Command,
  type ErrorBody,
  type ErrorName,
  errorBody,
  type Json,
  json,
  type Member,
  type Message,
  type Push,
  type ServerMessage,
} from '@sluice/protocol';
import type { WebSocketConstructor, WebSocketLike } from '../../src/socket.ts';
import type { FakePage } from './fake-browser.ts';

type Handler<Event> = ((event: Event) => void) | null;

interface Log {
  /** Offset of the oldest message that is kept. */
  first: number;
  readonly messages: Message[];
  readonly keys: Map<string, Message>;
}

/** One WebSocket on the gateway, with its client's subscriptions. */
class Peer implements WebSocketLike {
  binaryType = '';
  onopen: Handler<unknown> = null;
  onmessage: Handler<{ data: string }> = null;
  onclose: Handler<{ code: number; reason: string }> = null;
  onerror: Handler<unknown> = null;
  readonly channels = new Set<string>();
  readonly watched = new Set<string>();
  readonly entered = new Map<string, Json | undefined>();
  user: string | null = null;
  token: string | undefined;
  connected = false;
  readonly #page: FakePage | undefined;
  readonly #gateway: SmallGateway;

  constructor(gateway: SmallGateway, page: FakePage | undefined) {
    this.#gateway = gateway;
    this.#page = page;
    queueMicrotask(() => this.#run(() => (gateway.down ? this.drop() : this.onopen?.({}))));
  }

  send(data: string | Uint8Array): void {
    const frame = json.decode(data) as Command | Command[];
    this.#run(() => queueMicrotask(() => this.#gateway.receive(this, [frame].flat())));
  }

  close(): void {
    this.#run(() => queueMicrotask(() => this.#gateway.forget(this)));
  }

  deliver(...messages: ServerMessage[]): void {
    const data = JSON.stringify(messages);
    queueMicrotask(() => this.#run(() => this.onmessage?.({ data })));
  }

  /** The peer closes the connection. */
  drop(code = 1006, reason = ''): void {
    this.#gateway.forget(this);
    queueMicrotask(() => this.#run(() => this.onclose?.({ code, reason })));
  }

  get dead(): boolean {
    return this.#page?.state === 'dead';
  }

  #run(task: () => void): void {
    if (this.#page) this.#page.run(task);
    else task();
  }
}

const PRESENCE = new Set(['enter', 'leave', 'watch']);

/**
 * A minimal gateway that answers immediately: logs, keys, presence. It permits everything that the
 * test does not refuse.
 */
export class SmallGateway {
  down = false;
  /** Refusals: from command type and channel to the error. */
  readonly refusals = new Map<string, ErrorName>();
  /** Results that it does not know by itself: from command type to the result. */
  readonly results = new Map<string, object>();
  readonly seen: Command[] = [];
  /** Types of commands to withhold until `release`. */
  readonly holding = new Set<string>();
  #held: (() => void)[] = [];
  readonly #peers = new Set<Peer>();
  readonly #logs = new Map<string, Log>();
  #version = 0;

  /** The WebSocket class for a page. */
  webSocket(page?: FakePage): WebSocketConstructor {
    const open = () => {
      const peer = new Peer(this, page);
      this.#peers.add(peer);
      return peer;
    };
    return class {
      constructor() {
        // biome-ignore lint/correctness/noConstructorReturn: the other end is made by the gateway
        return open();
      }
    } as unknown as WebSocketConstructor;
  }

  /** The connections that have authenticated. */
  get connections(): Peer[] {
    return [...this.#peers].filter((peer) => peer.connected && !peer.dead);
  }

  publish(channel: string, data: Json, key?: string): Message {
    const log = this.#log(channel);
    const known = key === undefined ? undefined : log.keys.get(key);
    if (known) return known;
    const offset = log.messages.length + 1;
    const message = { id: `${channel}-${offset}`, offset, time: Date.now(), data };
    log.messages.push(message);
    if (key !== undefined) log.keys.set(key, message);
    for (const peer of this.#peers) {
      if (peer.channels.has(channel)) peer.deliver({ type: 'messages', channel, epoch: 'e1', messages: [message] });
    }
    return message;
  }

  log(channel: string): readonly Message[] {
    return this.#log(channel).messages;
  }

  /** Drops the oldest messages, so that this offset is the first. */
  trim(channel: string, first: number): void {
    this.#log(channel).first = first;
  }

  /** Sends a push to all connections, e.g. that the token expires. */
  pushToAll(push: Push): void {
    for (const peer of this.connections) peer.deliver(push);
  }

  /** Drops all connections. */
  cut(code = 1006, reason = ''): void {
    for (const peer of [...this.#peers]) peer.drop(code, reason);
  }

  /** Closes the connections of dead pages. */
  bury(): void {
    for (const peer of [...this.#peers]) if (peer.dead) this.forget(peer);
  }

  members(channel: string): Member[] {
    const peers = this.connections.filter(({ entered }) => entered.has(channel));
    return peers.map(({ user, entered }) => {
      const state = entered.get(channel);
      return { user: user ?? '', connections: 1, since: 0, ...(state !== undefined && { state }) };
    });
  }

  forget(peer: Peer): void {
    if (!this.#peers.delete(peer)) return;
    for (const channel of peer.entered.keys()) this.#showMembers(channel);
  }

  receive(peer: Peer, commands: readonly Command[]): void {
    for (const command of commands) {
      if (!this.#peers.has(peer)) return;
      this.seen.push(command);
      if (this.holding.has(command.type)) this.#held.push(() => this.#handle(peer, command));
      else this.#handle(peer, command);
    }
  }

  /** Executes the withheld commands of open connections. */
  release(): void {
    this.holding.clear();
    for (const carryOut of this.#held.splice(0)) carryOut();
  }

  #handle(peer: Peer, command: Command): void {
    if (!this.#peers.has(peer)) return;
    const { id } = command;
    const refusal = this.refusals.get('channel' in command ? `${command.type} ${command.channel}` : command.type);
    if (refusal) {
      peer.deliver({ type: 'error', id, error: errorBody(refusal) satisfies ErrorBody });
      if (command.type === 'connect') peer.drop(errorBody(refusal).code, refusal);
    } else this.#carryOut(peer, command, (result) => peer.deliver({ type: 'reply', id, result: result as never }));
  }

  #carryOut(peer: Peer, command: Command, reply: (result: object) => void): void {
    if (command.type === 'subscribe') this.#subscribe(peer, command, reply);
    else reply(this.#result(peer, command));
    // After the reply: the list is pushed after the answer to `watch`.
    if ('channel' in command && PRESENCE.has(command.type)) this.#showMembers(command.channel);
  }

  #result(peer: Peer, command: Exclude<Command, { type: 'subscribe' }>): object {
    switch (command.type) {
      case 'connect':
        peer.token = command.token;
        peer.user = subjectOf(command.token);
        peer.connected = true;
        return { connection: 'c', user: peer.user, time: Date.now(), heartbeat: 25_000, maxFrame: 131_072 };
      case 'refresh':
        peer.token = command.token;
        return { expiresAt: Date.now() + 60_000 };
      case 'publish':
        return { ...this.publish(command.channel, command.data, command.key), epoch: 'e1' };
      case 'history':
        return this.#history(command);
      case 'members': {
        const members = this.members(command.channel);
        return { total: members.length, members };
      }
      case 'watch':
        peer.watched.add(command.channel);
        return { total: this.members(command.channel).length };
      case 'enter':
        peer.entered.set(command.channel, command.state ?? peer.entered.get(command.channel));
        return {};
      case 'unsubscribe':
        peer.channels.delete(command.channel);
        return {};
      case 'consume':
        return { group: 'queue', prefetch: 10, ackTimeout: 30_000 };
      default:
        if (command.type === 'leave') peer.entered.delete(command.channel);
        return this.results.get(command.type) ?? {};
    }
  }

  #history({ channel, before, limit = 100 }: Extract<Command, { type: 'history' }>): object {
    const { messages, first } = this.#log(channel);
    const end = (before ?? messages.length + 1) - 1;
    const page = messages.slice(Math.max(first - 1, end - limit), end);
    return { epoch: 'e1', head: messages.length, first, messages: page };
  }

  #subscribe(peer: Peer, command: Extract<Command, { type: 'subscribe' }>, reply: (result: object) => void): void {
    const { channel, position, rewind } = command;
    const { messages, first } = this.#log(channel);
    const head = messages.length;
    const offset = position?.offset ?? Math.max(first - 1, head - (rewind ?? 0));
    const rest = messages.slice(Math.max(offset, first - 1));
    reply({ epoch: 'e1', offset, state: rest.length > 0 ? 'replaying' : 'live' });
    const to = { epoch: 'e1', offset: first - 1 };
    if (offset < first - 1)
      peer.deliver({ type: 'gap', channel, from: { epoch: 'e1', offset }, to, reason: 'retention' });
    if (rest.length > 0)
      peer.deliver({ type: 'messages', channel, epoch: 'e1', messages: rest }, { type: 'live', channel });
    peer.channels.add(channel);
  }

  #showMembers(channel: string): void {
    const members = this.members(channel);
    const version = ++this.#version;
    const changes = members.map((member) => ({ version, member }));
    for (const peer of this.#peers) {
      if (!peer.watched.has(channel)) continue;
      peer.deliver({ type: 'presence', channel, version, total: members.length, changes, reset: true });
    }
  }

  #log(channel: string): Log {
    const log = this.#logs.get(channel) ?? { first: 1, messages: [], keys: new Map() };
    this.#logs.set(channel, log);
    return log;
  }
}

/** A test token: claims without a signature. */
export function unsigned(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}

function subjectOf(token: string | undefined): string | null {
  if (token === undefined) return null;
  const [, payload = ''] = token.split('.');
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }).sub;
}
