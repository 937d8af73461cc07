import type { Socket } from 'node:net';
import type { Engine, Page } from '../engine.ts';
import type { GroupRef } from '../groups.ts';
import type { EnterRequest, MemberConnection } from '../presence.ts';
import { FrameSocket } from './frame-socket.ts';
import type { FromOwner, SentPage, ToOwner, Welcome } from './items.ts';
import { nameOf, textOf } from './refusals.ts';
import { callGroups, groupKey } from './user-groups.ts';
import { UserMailboxes } from './user-mailboxes.ts';

/**
 * Maximum bytes that wait for a process that does not read. Beyond it, announcements are dropped;
 * the process is notified later.
 */
const MOST_WAITING = 16 * 1024 * 1024;

export interface EngineUserOptions {
  readonly engine: Engine;
  readonly welcome: () => Welcome;
  readonly graceOf: (channel: string) => number;
  readonly watch: (channel: string, user: EngineUser) => void | Promise<void>;
  readonly unwatch: (channel: string, user: EngineUser) => void;
  readonly watchMembers: (channel: string, user: EngineUser) => void;
  readonly unwatchMembers: (channel: string, user: EngineUser) => void;
  readonly watchGroup: (ref: GroupRef, user: EngineUser) => void | Promise<void>;
  readonly unwatchGroup: (ref: GroupRef, user: EngineUser) => void;
  readonly closed: (user: EngineUser) => void;
  readonly onFault: (where: string, error: unknown) => void;
}

/** One process that uses the engine, as its owner sees it. */
export class EngineUser {
  readonly #options: EngineUserOptions;
  readonly #frames: FrameSocket;
  readonly #watched = new Set<string>();
  readonly #membersWatched = new Set<string>();
  readonly #groupsWatched = new Map<string, GroupRef>();
  readonly #members = new Map<string, MemberConnection>();
  readonly #mailboxes: UserMailboxes;
  /** Channels of which it has missed something. */
  readonly #missed = new Set<string>();
  #missedMembers = false;
  /** Groups whose announcements it has missed. */
  readonly #missedGroups = new Map<string, GroupRef>();
  /** Mailboxes that have missed messages. */
  readonly #missedMail = new Set<string>();
  #paused = false;
  /** Calls that arrived while the answers were blocked: no more than one read. */
  readonly #held: ToOwner[] = [];

  constructor(socket: Socket, options: EngineUserOptions) {
    this.#options = options;
    this.#mailboxes = new UserMailboxes(options.engine.nodes, (address, item) => this.#deliver(address, item));
    this.#frames = new FrameSocket(socket, {
      items: (items) => this.#take(items as readonly ToOwner[]),
      drained: () => this.#drained(),
      closed: () => this.#closed(),
    });
  }

  /** Sends an encoded announcement of a channel; a dropped one is read from the log later. */
  announce(channel: string, text: string): void {
    if (this.#isFull()) this.#missed.add(channel);
    else this.#frames.sendText(text);
  }

  announceMembers(text: string): void {
    if (this.#isFull()) this.#missedMembers = true;
    else this.#frames.sendText(text);
  }

  announceClaimable(ref: GroupRef): void {
    if (this.#isFull()) this.#missedGroups.set(groupKey(ref), ref);
    else this.notify(['claimable', ref.channel, ref.group]);
  }

  #deliver(address: string, item: FromOwner): void {
    if (this.#isFull()) this.#missedMail.add(address);
    else this.notify(item);
  }

  notify(item: FromOwner): void {
    this.#frames.send(item);
  }

  close(): void {
    this.#frames.end();
  }

  cut(): void {
    this.#frames.cut();
  }

  #isFull(): boolean {
    // Once something was missed all waits until the other side has caught up: announcements must
    // not come with holes again and again.
    return this.#paused || this.#hasMissed || this.#frames.waiting > MOST_WAITING;
  }

  get #hasMissed(): boolean {
    return this.#missed.size > 0 || this.#missedMembers || this.#missedMail.size > 0 || this.#missedGroups.size > 0;
  }

  #drained(): void {
    const missed = [...this.#missed];
    this.#missed.clear();
    for (const channel of missed) if (this.#watched.has(channel)) this.notify(['interrupted', channel]);
    if (this.#missedMembers) this.notify(['membersInterrupted', null]);
    this.#missedMembers = false;
    for (const address of this.#missedMail) this.notify(['mailboxInterrupted', address]);
    this.#missedMail.clear();
    for (const [key, { channel, group }] of this.#missedGroups) {
      if (this.#groupsWatched.has(key)) this.notify(['claimable', channel, group]);
    }
    this.#missedGroups.clear();
    if (!this.#paused) return;
    this.#paused = false;
    this.#take(this.#held.splice(0));
    if (!this.#paused) this.#frames.resume();
  }

  /** Answers must not be dropped: so no more calls are executed until the waiting answers have been read. */
  #take(items: readonly ToOwner[]): void {
    for (const [at, item] of items.entries()) {
      if (this.#paused) {
        this.#held.push(...items.slice(at));
        return;
      }
      this.#carryOut(item);
      if (this.#frames.waiting > MOST_WAITING) this.#pause();
    }
  }

  #pause(): void {
    this.#frames.flush();
    this.#paused = true;
    this.#frames.pause();
  }

  #carryOut(item: ToOwner): void {
    switch (item[0]) {
      case 'call':
        this.#answer(item);
        break;
      case 'unwatch':
        if (this.#watched.delete(item[1])) this.#options.unwatch(item[1], this);
        break;
      case 'watchMembers':
        this.#membersWatched.add(item[1]);
        this.#options.watchMembers(item[1], this);
        break;
      case 'unwatchMembers':
        if (this.#membersWatched.delete(item[1])) this.#options.unwatchMembers(item[1], this);
        break;
      case 'unwatchGroup':
        if (this.#groupsWatched.delete(groupKey(item[1]))) this.#options.unwatchGroup(item[1], this);
    }
  }

  #answer(item: Extract<ToOwner, readonly ['call', ...unknown[]]>): void {
    const id = item[1];
    const refuse = (error: unknown): void => {
      const name = nameOf(error);
      if (name === 'Error') this.#options.onFault(`the engine: "${item[2]}"`, error);
      this.notify(['refusal', id, name, textOf(error)]);
    };
    try {
      const answer = this.#call(item);
      if (answer instanceof Promise)
        answer.then((value: unknown) => this.notify(['answer', id, value ?? null]), refuse);
      else this.notify(['answer', id, answer ?? null]);
    } catch (error) {
      refuse(error);
    }
  }

  #read(channel: string, after: number, limit: number): SentPage | Promise<SentPage> {
    const page = this.#options.engine.log.read(channel, after, limit);
    return page instanceof Promise ? page.then(byValue) : byValue(page);
  }

  #call(item: Extract<ToOwner, readonly ['call', ...unknown[]]>): unknown {
    const { engine, welcome } = this.#options;
    switch (item[2]) {
      case 'hello':
        return welcome();
      case 'append':
        return engine.log.append(item[3], item[4], item[5]);
      case 'purge':
        return engine.log.purge?.(item[3], item[4]);
      case 'read':
        return this.#read(item[3], item[4], item[5]);
      case 'seek':
        return engine.log.seek(item[3], item[4]);
      case 'bytes':
        return engine.log.bytes?.(item[3]) ?? 0;
      case 'channels':
        return engine.log.channels?.(item[3], item[4]) ?? { channels: [], upTo: null };
      case 'memberChannels':
        return engine.presence.channels(item[3], item[4]);
      case 'watch':
        this.#watched.add(item[3]);
        return this.#options.watch(item[3], this);
      case 'signal':
        return engine.signal(item[3]);
      case 'revoke':
        return engine.revocations.add(item[3]);
      case 'revocations':
        return engine.revocations.all();
      case 'revocationsPage':
        return engine.revocations.page(item[3], item[4]);
      case 'enter':
        return this.#enter(item[3]);
      case 'leave':
        this.#members.delete(keyOf(item[3]));
        return engine.presence.leave(item[3], item[4]);
      case 'roster':
        return engine.presence.roster(item[3]);
      case 'list':
        return engine.presence.list(item[3], item[4], item[5]);
      case 'openMailbox':
        return this.#mailboxes.open(item[3]);
      case 'closeMailbox':
        return this.#mailboxes.close(item[3]);
      case 'offer':
        return this.#mailboxes.offer(item[3], item[4], item[5]);
      case 'responders':
        return this.#mailboxes.responders(item[3]);
      case 'send':
        return this.#mailboxes.send(item[3], item[4], item[5]);
      case 'watchGroup':
        this.#groupsWatched.set(groupKey(item[3]), item[3]);
        return this.#options.watchGroup(item[3], this);
      default:
        return callGroups(engine.groups, item);
    }
  }

  #enter(request: EnterRequest): void | Promise<void> {
    const { channel, connection, user } = request;
    this.#members.set(keyOf(request), { channel, connection, user });
    return this.#options.engine.presence.enter(request);
  }

  /**
   * The process has gone: so have its connections, which count for the grace of their channels, as
   * if they had been cut one by one.
   */
  #closed(): void {
    const { engine, graceOf, unwatch, unwatchMembers, unwatchGroup, closed, onFault } = this.#options;
    for (const channel of this.#watched) unwatch(channel, this);
    for (const channel of this.#membersWatched) unwatchMembers(channel, this);
    for (const ref of this.#groupsWatched.values()) unwatchGroup(ref, this);
    for (const member of this.#members.values()) {
      const leaving = engine.presence.leave(member, graceOf(member.channel));
      if (leaving instanceof Promise) leaving.catch((error: unknown) => onFault('the engine: "leave"', error));
    }
    this.#members.clear();
    this.#mailboxes.closeAll((error) => onFault('the engine: "closeMailbox"', error));
    closed(this);
  }
}

const byValue = (page: Page): SentPage => ({ ...page, messages: page.messages.map(({ message }) => message) });

/** Neither ids of connections nor names of channels hold a space. */
const keyOf = ({ channel, connection }: MemberConnection): string => `${connection} ${channel}`;
