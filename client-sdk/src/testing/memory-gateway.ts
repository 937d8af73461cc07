import {
  closeReason,
  comparePatterns,
  ERRORS,
  type ErrorName,
  isChannelName,
  type Json,
  type Member,
  matchPattern,
  parsePattern,
} from '@sluice/protocol';
import type { ChannelContract, Channels } from '@sluice/protocol/contracts';
import { type Client, type ClientOptions, createClient, type WebSocketLike } from '../index.ts';
import { loadParts } from '../load-parts.ts';
import { checkMessage, checkState, KEPT, keptBy } from './contract.ts';
import { MemoryBindings } from './memory-bindings.ts';
import { aboutOf, MemoryChannel, type PushTarget } from './memory-channel.ts';
import { MemoryGroups } from './memory-groups.ts';
import type { AppendedMessage, DraftOptions } from './memory-log.ts';
import { MemoryRequests } from './memory-requests.ts';
import { MemorySchedules, type WaitingMessage } from './memory-schedules.ts';
import { MemorySession } from './memory-session.ts';
import { MemorySocket, type SocketPeer } from './memory-socket.ts';
import { MessageLife } from './message-life.ts';
import { PendingTasks } from './pending-tasks.ts';
import { type ChannelVerb, type DenyOptions, Permissions } from './permissions.ts';

/** Options of the in-memory gateway. */
export interface MemoryGatewayOptions<C extends Channels = Channels> {
  /** Messages that each channel keeps; `false` keeps none. Default: 1,000. */
  readonly history?: number | false;
  /**
   * Contracts of the channels. Other channels do not exist, messages must match, `rule.history` sets
   * how many are kept, `rule.ttl` when they expire, and `rule.bind` copies messages of other channels.
   */
  readonly channels?: C;
}

/** The members of a channel, for a test to read and change. */
export interface ChannelMembers {
  /** In the order in which they joined. */
  readonly list: readonly Member[];
  /** Adds a member who has no client in this test, or changes the member's state. */
  enter(user: string, state?: unknown): void;
  /** Removes that member. */
  leave(user: string): void;
}

/** The connection of members that the test added. */
const TEST_CONNECTION = 'test';

/**
 * An in-memory gateway for the clients of one test. It guarantees what the protocol guarantees:
 * order, resuming, gaps, presence. It has no permission rules, limits or token checks: use a real
 * gateway to test those.
 */
export class MemoryGateway<C extends Channels = Channels> {
  /** The most specific pattern first. */
  readonly #contracts: readonly (readonly [ReturnType<typeof parsePattern>, ChannelContract])[];
  readonly #bindings: MemoryBindings;
  readonly #history: number;
  /** By contract. */
  readonly #lives: ReadonlyMap<ChannelContract | undefined, MessageLife>;
  readonly #channels = new Map<string, MemoryChannel>();
  readonly #sessions = new Map<MemorySocket, MemorySession>();
  readonly #permissions = new Permissions();
  readonly #clients = new Set<Client>();
  readonly #tasks = new PendingTasks(() => this.#flush());
  readonly #requests = new MemoryRequests();
  readonly #groups = new MemoryGroups();
  readonly #schedules = new MemorySchedules();
  #refusing = false;
  #count = 0;

  constructor({ history = KEPT, channels }: MemoryGatewayOptions<C> = {}) {
    this.#history = history === false ? 0 : history;
    this.#contracts = Object.entries<ChannelContract>(channels ?? {})
      .map(([pattern, contract]) => [parsePattern(pattern), contract] as const)
      .sort(([a], [b]) => comparePatterns(a, b));
    this.#lives = new Map(
      this.#contracts.map(([{ source }, contract]) => [contract, new MessageLife(source, contract)]),
    );
    this.#bindings = new MemoryBindings(this.#contracts);
  }

  /**
   * Creates another client of this gateway.
   *
   * @param user `null`: anonymous
   */
  client(user: string | null, options: Pick<ClientOptions, 'token' | 'timeout' | 'autoConnect'> = {}): Client<C> {
    const peer = this.#peer(user);
    const WebSocket = class extends MemorySocket {
      constructor() {
        super(peer);
      }
    };
    // Each token is different, as with a backend, because the client never reuses a refused token.
    let made = 0;
    const token = () => `token ${++made} of ${user}`;
    const client = createClient<C>({
      url: 'ws://memory/ws',
      WebSocket,
      ...(user === null ? {} : { token }),
      ...options,
    });
    this.#clients.add(client as unknown as Client);
    return client;
  }

  /** Opens a WebSocket without a client, for code that speaks the protocol itself. Frames are JSON. */
  socket(user: string | null): WebSocketLike {
    return new MemorySocket(this.#peer(user, false));
  }

  // What a test does -------------------------------------------------------------------------------------------------

  /**
   * Publishes as a backend, or on behalf of a user without a client.
   *
   * @throws TypeError if the channel does not exist
   */
  publish(channel: string, data: unknown, options: DraftOptions = {}): AppendedMessage {
    const message = this.#require(channel).append(data as Json, options);
    this.#flushSoon();
    return message;
  }

  /** The messages that clients have scheduled and that were not published yet, in the order of their times. */
  get scheduled(): readonly WaitingMessage[] {
    return this.#schedules.waiting;
  }

  /**
   * Publishes the scheduled messages that are due until a time, in order: no time passes in this
   * gateway.
   *
   * @param until milliseconds since the Unix epoch. Default: all of them
   */
  publishScheduled(until: number = Number.POSITIVE_INFINITY): void {
    this.#schedules.publish(until);
    this.#flushSoon();
  }

  /**
   * Denies a verb on a channel, or on a pattern like `chat:*`. Ends existing subscriptions and
   * memberships that it covers.
   */
  deny(verb: ChannelVerb | '*', channel: string, options: DenyOptions = {}): void {
    this.#permissions.deny(verb, channel, options);
    for (const existing of this.#channels.values()) this.#endForbidden(existing);
    this.#flushSoon();
  }

  /** Removes a denial. */
  allow(verb: ChannelVerb | '*', channel: string, options: DenyOptions = {}): void {
    this.#permissions.allow(verb, channel, options);
  }

  /**
   * Drops the connections of one user, or all, like a network failure. Clients reconnect, at the
   * latest in `settled()`.
   */
  drop(user?: string): void {
    for (const session of this.#sessionsOf(user)) session.close(1006, '');
  }

  /** Closes connections with an error of the catalogue. Clients react as its code requires. */
  closeWith(name: ErrorName, user?: string): void {
    for (const session of this.#sessionsOf(user)) session.close(ERRORS[name].code, closeReason(name));
  }

  /** Makes new connections fail until `accept` is called. */
  refuseConnections(): void {
    this.#refusing = true;
  }

  /** Ends `refuseConnections`. */
  accept(): void {
    this.#refusing = false;
  }

  /** Loses messages: `lost` new ones and all older ones. Subscribers receive a gap. */
  gap(channel: string, lost = 1): void {
    const { log } = this.#require(channel);
    log.lose(lost);
    this.#require(channel).catchUpAll();
    this.#flushSoon();
  }

  /** Restarts the gateway: all connections and everything in memory are lost. */
  restart(): void {
    this.drop();
    for (const { log, presence } of this.#channels.values()) {
      log.restart();
      presence.clear();
    }
  }

  /**
   * Ends the grace period of closed connections: their members leave now, and their deliveries go to
   * other consumers.
   */
  endGrace(): void {
    for (const { presence } of this.#channels.values()) presence.endGrace();
    const open = new Set<unknown>(this.#sessions.values());
    this.#groups.endGrace((peer) => open.has(peer));
    this.#flushSoon();
  }

  /** The members of a channel. */
  members(channel: string): ChannelMembers {
    const { presence } = this.#require(channel);
    const flushSoon = () => this.#flushSoon();
    return {
      get list() {
        return presence.members;
      },
      enter(user, state) {
        presence.enter(user, TEST_CONNECTION, state as Json | undefined);
        flushSoon();
      },
      leave(user) {
        presence.leave(user, TEST_CONNECTION);
        flushSoon();
      },
    };
  }

  // What a test sees -------------------------------------------------------------------------------------------------

  /** The messages that clients published to a channel, in order. */
  published(channel: string): readonly AppendedMessage[] {
    return this.#require(channel).published;
  }

  /** All messages of a channel, published by clients or by the test. */
  messages(channel: string): readonly AppendedMessage[] {
    return this.#require(channel).messages;
  }

  /** The users of the connections that are subscribed to a channel. */
  subscribers(channel: string): readonly (string | null)[] {
    return [...this.#require(channel).cursors].map(({ target }) => target.user);
  }

  /** The users of all connections. */
  get connections(): readonly (string | null)[] {
    return [...this.#sessions.values()].filter(({ connected }) => connected).map(({ user }) => user);
  }

  /**
   * Resolves when everything is done that needs no time: messages have arrived and handlers were
   * called. Waiting clients reconnect immediately. Works with fake timers; the test must advance
   * time for what a client does by timer.
   */
  async settled(): Promise<void> {
    await loadParts();
    await this.#tasks.settled();
    if (this.#refusing) return;
    const waiting = [...this.#clients].filter(({ state }) => state === 'waiting');
    for (const client of waiting) client.connect().catch(() => {}); // the "state" event reports a final refusal
    if (waiting.length > 0) await this.#tasks.settled();
  }

  /** Closes all clients. */
  close(): void {
    for (const client of this.#clients) client.close();
    for (const { presence } of this.#channels.values()) presence.clear();
  }

  // ------------------------------------------------------------------------------------------------------------------

  #peer(user: string | null, newer = true): SocketPeer {
    return {
      opened: (socket) => {
        if (this.#refusing) return false;
        const id = `connection-${++this.#count}`;
        this.#sessions.set(socket, new MemorySession(socket, { id, user, host: this.#host, newer }));
        return true;
      },
      frame: (socket, values) => this.#sessions.get(socket)?.receive(values),
      closed: (socket) => this.#forget(socket),
      later: (task) => this.#tasks.later(task),
    };
  }

  readonly #host = {
    requests: this.#requests,
    groups: this.#groups,
    schedules: this.#schedules,
    contract: (channel: string) => this.#contract(channel),
    allows: (verb: ChannelVerb, channel: string, user: string | null) => this.#permissions.allows(verb, channel, user),
    open: (channel: string) => this.#open(channel),
    boundFor: (pattern: string) => this.#bindings.channelsFor(pattern).flatMap((name) => this.#open(name) ?? []),
    checkMessage: (channel: string, data: unknown, event: string | undefined) =>
      checkMessage(this.#contract(channel), data, event),
    checkState: (channel: string, state: unknown) => checkState(this.#contract(channel), state),
  };

  #open(name: string): MemoryChannel | undefined {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const contract = this.#contract(name);
    if (!isChannelName(name) || (contract === undefined && this.#contracts.length > 0)) return undefined;
    const channel = new MemoryChannel(name, {
      kept: keptBy(contract) ?? this.#history,
      life: this.#lives.get(contract) ?? new MessageLife(name),
      appended: this.#appended,
    });
    this.#channels.set(name, channel);
    return channel;
  }

  readonly #appended = (message: AppendedMessage, channel: MemoryChannel): void => {
    this.#groups.dispatch(channel);
    for (const copy of this.#bindings.copiesOf(channel.name, message))
      this.#require(copy.channel).append(message.data, copy.options);
  };

  #contract(name: string): ChannelContract | undefined {
    return this.#contracts.find(([pattern]) => matchPattern(pattern, name) !== null)?.[1];
  }

  #require(name: string): MemoryChannel {
    const channel = this.#open(name);
    if (channel === undefined)
      throw new TypeError(`"${name}" is not a channel of this gateway. Check the name, or add a contract for it`);
    return channel;
  }

  #sessionsOf(user: string | undefined): readonly MemorySession[] {
    return [...this.#sessions.values()].filter((session) => user === undefined || session.user === user);
  }

  #forget(socket: MemorySocket): void {
    const session = this.#sessions.get(socket);
    this.#sessions.delete(socket);
    if (session === undefined) return;
    this.#requests.forget(session);
    this.#groups.forget(session);
    this.#flushSoon();
    for (const channel of this.#channels.values()) channel.forget(session);
    for (const { presence } of session.memberships) presence.startGrace(session.user ?? '', session.id);
  }

  /** Ends what is no longer permitted, with the reason. SPEC.md section 6. */
  #endForbidden(channel: MemoryChannel): void {
    const { name, cursors, presenceSubscribers, presence } = channel;
    const reason = 'permission';
    const isForbidden = (verb: ChannelVerb, { user }: PushTarget) => !this.#permissions.allows(verb, name, user);
    for (const cursor of [...cursors].filter(({ target }) => isForbidden('subscribe', target))) {
      cursors.delete(cursor);
      cursor.target.push({ type: 'unsubscribed', ...aboutOf(cursor), reason });
    }
    for (const session of this.#sessionsOf(undefined).filter((one) => isForbidden('respond', one))) {
      if (this.#requests.end(session, name)) session.push({ type: 'unresponded', channel: name, reason });
    }
    for (const session of this.#sessionsOf(undefined).filter((one) => isForbidden('consume', one))) {
      for (const group of this.#groups.end(session, channel)) {
        session.push({ type: 'stopped', channel: name, group, reason });
      }
    }
    for (const session of [...presenceSubscribers].filter((one) => isForbidden('presence', one))) {
      presenceSubscribers.delete(session);
      session.push({ type: 'unwatched', channel: name, reason });
    }
    for (const session of this.#sessionsOf(undefined).filter((one) => isForbidden('enter', one))) {
      if (!session.memberships.delete(channel)) continue;
      presence.leave(session.user ?? '', session.id);
      session.push({ type: 'left', channel: name, reason });
    }
  }

  #flushSoon(): void {
    this.#tasks.later(() => {});
  }

  #flush(): void {
    for (const session of this.#sessions.values()) session.flush();
  }
}
