import {
  alreadyConnected,
  alreadySubscribed,
  alreadyWatching,
  bindingMissing,
  both,
  type Command,
  type CommandType,
  canonical,
  connectRequired,
  type ErrorBody,
  EVERY,
  type ExpectedHead,
  errorBody,
  type Failure,
  isWildcard,
  type Json,
  matches,
  notMember,
  notSubscribed,
  notWatching,
  type Push,
  parseCommand,
  type Reply,
  type Results,
  type ServerMessage,
  unknownChannel,
  unknownCommand,
} from '@sluice/protocol';
import type { ChannelContract } from '@sluice/protocol/contracts';
import type { Checked } from './contract.ts';
import { aboutOf, type MemoryChannel } from './memory-channel.ts';
import type { MemoryGroups } from './memory-groups.ts';
import type { Matcher } from './memory-log.ts';
import type { MemoryRequests, RequestPeer } from './memory-requests.ts';
import type { MemorySchedules } from './memory-schedules.ts';
import type { MemorySocket } from './memory-socket.ts';
import type { ChannelVerb } from './permissions.ts';
import { Refused } from './refused.ts';

type CommandOf<Type extends CommandType> = Extract<Command, { type: Type }>;

/** Returns the checked value, or throws the refusal. */
function accept(checked: Checked): Json {
  if ('value' in checked) return checked.value as Json;
  const { issues } = checked;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  throw new Refused('payload_invalid', `${issues[0].path}: ${issues[0].message}${more}`, { issues });
}

/** Default limits of a gateway for data and state, in bytes of JSON. SPEC.md sections 3.3 and 4.8. */
const MOST_DATA = 65_536;
const MOST_STATE = 1_024;

function checkSize(what: string, value: unknown, { most, channel }: { most: number; channel?: string }): void {
  const size = new TextEncoder().encode(JSON.stringify(value)).length;
  if (size <= most) return;
  const limit = channel === undefined ? `the gateway accepts at most ${most}` : `"${channel}" accepts at most ${most}`;
  throw new Refused('payload_too_large', `${what} has ${size} bytes as JSON; ${limit}`);
}

/** The part of the gateway that a session uses. */
export interface SessionHost {
  allows(verb: ChannelVerb, channel: string, user: string | null): boolean;
  /** The channel; `undefined` if it does not exist. */
  open(channel: string): MemoryChannel | undefined;
  /** The channels that have all messages of a pattern, the most specific first. */
  boundFor(pattern: string): readonly MemoryChannel[];
  readonly requests: MemoryRequests;
  readonly groups: MemoryGroups;
  readonly schedules: MemorySchedules;
  /** The contract of a channel; `undefined` in a gateway without contracts. */
  contract(channel: string): ChannelContract | undefined;
  /** Checks a message or a member's state against the channel's contract. */
  checkMessage(channel: string, data: unknown, event: string | undefined): Checked;
  checkState(channel: string, state: unknown): Checked;
}

interface SessionSetup {
  readonly id: string;
  readonly user: string | null;
  readonly host: SessionHost;
  /** Whether to send a push type and fields that no client knows. Clients must ignore them. SPEC.md section 6. */
  readonly newer: boolean;
}

/** Fields that a newer gateway may add to a push. */
const UNKNOWN = { unknown: { later: true } };

/** One connection of a client. SPEC.md section 4. */
export class MemorySession implements RequestPeer {
  readonly id: string;
  readonly user: string | null;
  readonly #socket: MemorySocket;
  readonly #host: SessionHost;
  readonly #newer: boolean;
  readonly memberships = new Set<MemoryChannel>();
  #connected = false;
  // Replies are sent before pushes, as in the gateway; answers to earlier commands in between.
  #replies: ServerMessage[] = [];
  #answers: ServerMessage[] = [];
  #pushes: ServerMessage[] = [];

  constructor(socket: MemorySocket, { id, user, host, newer }: SessionSetup) {
    this.#socket = socket;
    this.#newer = newer;
    this.id = id;
    this.user = user;
    this.#host = host;
  }

  /** Has the connection authenticated? */
  get connected(): boolean {
    return this.#connected;
  }

  push(push: Push): void {
    this.#pushes.push(this.#newer ? ({ ...push, ...UNKNOWN } as Push) : push);
  }

  pushFirst(push: Push): void {
    this.#replies.push(push);
  }

  answer(message: Reply | Failure): void {
    this.#answers.push(message);
  }

  /** Sends the collected replies and pushes. */
  flush(): void {
    for (const messages of [this.#replies, this.#answers, this.#pushes]) {
      if (messages.length > 0) this.#socket.push(messages);
    }
    this.#replies = [];
    this.#answers = [];
    this.#pushes = [];
  }

  close(code: number, reason: string): void {
    this.flush();
    this.#socket.end(code, reason);
  }

  /** Carries out the commands of a frame. SPEC.md sections 4 and 8.1. */
  receive(values: readonly unknown[]): void {
    for (const parsed of values.map(parseCommand)) {
      if ('command' in parsed) this.#execute(parsed.command);
      else this.#refuse(parsed.fault.id, errorBody(parsed.fault.error, parsed.fault.detail));
    }
  }

  #refuse(id: number | undefined, error: ErrorBody): void {
    this.#replies.push({ type: 'error', ...(id !== undefined && { id }), error });
  }

  #execute(command: Command): void {
    const { id, type } = command;
    try {
      const handler = this.#handlers[type] as ((command: Command) => Results[CommandType] | undefined) | undefined;
      if (!this.#connected && type !== 'connect') throw Refused.with(connectRequired(type));
      if (!handler) throw Refused.with(unknownCommand(type));
      const result = handler(command);
      if (result) this.#replies.push({ type: 'reply', id, result });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refuse(id, error.body);
      if (error.body.name === 'connect_required') this.close(error.body.code, error.body.name);
    }
  }

  readonly #handlers: { readonly [Type in CommandType]?: (command: CommandOf<Type>) => Results[Type] | undefined } = {
    connect: () => {
      if (this.#connected) throw Refused.with(alreadyConnected());
      this.#connected = true;
      if (this.#newer) this.push({ type: 'unknown', channel: 'unknown' } as unknown as Push);
      return { connection: this.id, user: this.user, time: Date.now(), heartbeat: 25_000, maxFrame: 131_072 };
    },
    refresh: () => ({ expiresAt: Date.now() + 3_600_000, time: Date.now() }),
    ping: () => ({ time: Date.now() }),
    subscribe: (command) => {
      const { channel: name, sub } = command;
      if (this.#subscribedTo(name, sub)) throw Refused.with(alreadySubscribed(name, sub));
      const channel = isWildcard(name) ? this.#boundChannel(name) : this.#channel('subscribe', name);
      const position = channel.log.locate(command);
      const cursor = { target: this, name, sub, position, matches: matcherOf(command, channel) };
      channel.cursors.add(cursor);
      const { epoch, offset } = channel.log.head;
      const isLive = position.epoch === epoch && position.offset === offset;
      if (!isLive) {
        channel.catchUp(cursor);
        this.push({ type: 'live', ...aboutOf(cursor) });
      }
      return { ...position, state: isLive ? 'live' : 'replaying' };
    },
    unsubscribe: ({ channel: name, sub }) => {
      const channel = this.#subscribedTo(name, sub);
      const cursor = channel?.cursorOf(this, sub, name);
      if (!cursor || !channel?.cursors.delete(cursor)) throw Refused.with(notSubscribed(name, sub));
      return {};
    },
    publish: (command) => {
      const channel = this.#channel('publish', command.channel);
      const { key, data, event, tags, trace, ttl } = command;
      channel.life.check(ttl);
      const value = accept(this.#host.checkMessage(channel.name, data, event));
      checkSize('"data"', value, { most: MOST_DATA, channel: channel.name });
      const scope = `${this.user} ${key}`;
      const before = key === undefined ? undefined : channel.log.recall(scope);
      if (before !== undefined) return before;
      checkHead(channel, command.if);
      const message = channel.append(value, {
        ...(event === undefined ? {} : { event }),
        ...(tags === undefined ? {} : { tags }),
        ...(trace === undefined ? {} : { trace }),
        ...(ttl === undefined ? {} : { ttl }),
        ...(this.user === null ? {} : { from: this.user }),
      });
      channel.published.push(message);
      const { id, epoch, offset } = message;
      const result = { id, epoch, offset };
      if (key !== undefined) channel.log.remember(scope, result);
      return result;
    },
    schedule: (command) => {
      const channel = this.#channel('publish', command.channel);
      const data = accept(this.#host.checkMessage(channel.name, command.data, command.event));
      checkSize('"data"', data, { most: MOST_DATA, channel: channel.name });
      const contract = this.#host.contract(channel.name);
      return this.#host.schedules.schedule(this, channel, { command, contract, data });
    },
    unschedule: (command) => {
      this.#channel('publish', command.channel);
      this.#host.schedules.unschedule(this, command);
      return {};
    },
    history: (command) => {
      const channel = this.#channel('history', command.channel);
      return channel.log.page(command, matcherOf(command, channel));
    },
    enter: ({ channel: name, state }) => {
      const channel = this.#channel('enter', name);
      if (this.user === null) throw new Refused('permission_denied', `only users may "enter" "${name}"`);
      const value = state === undefined ? undefined : accept(this.#host.checkState(name, state));
      if (value !== undefined) checkSize('"state"', value, { most: MOST_STATE });
      this.memberships.add(channel);
      channel.presence.enter(this.user, this.id, value);
      return {};
    },
    leave: ({ channel: name }) => {
      const channel = this.#host.open(name);
      if (channel === undefined || !this.memberships.delete(channel) || this.user === null) {
        throw Refused.with(notMember(name));
      }
      channel.presence.leave(this.user, this.id);
      return {};
    },
    watch: ({ channel: name }) => {
      const channel = this.#channel('presence', name);
      if (channel.presenceSubscribers.has(this)) throw Refused.with(alreadyWatching(name));
      channel.presenceSubscribers.add(this);
      this.push(channel.presence.list);
      return { total: channel.presence.members.length };
    },
    unwatch: ({ channel: name }) => {
      if (!this.#host.open(name)?.presenceSubscribers.delete(this)) throw Refused.with(notWatching(name));
      return {};
    },
    members: (command) => this.#channel('presence', command.channel).presence.page(command),
    consume: (command) => {
      const channel = this.#channel('consume', command.channel);
      const contract = this.#host.contract(channel.name);
      return this.#host.groups.consume(this, channel, { command, contract });
    },
    stop: (command) => {
      this.#host.groups.stop(this, this.#channel('consume', command.channel), command);
      return {};
    },
    ack: (command) => this.#host.groups.settle(this, this.#channel('consume', command.channel), command),
    nack: (command) => this.#host.groups.settle(this, this.#channel('consume', command.channel), command),
    extend: (command) => this.#host.groups.extend(this, this.#channel('consume', command.channel), command),
    respond: (command) => {
      this.#channel('respond', command.channel);
      this.#host.requests.respond(this, command);
      return {};
    },
    unrespond: ({ channel }) => {
      this.#host.requests.unrespond(this, channel);
      return {};
    },
    request: (command) => {
      this.#channel('request', command.channel);
      // Answered when the responder replies.
      this.#host.requests.request(this, command);
      return undefined;
    },
    cancel: ({ request }) => {
      this.#host.requests.cancel(this, request);
      return {};
    },
    reply: (command) => {
      this.#host.requests.reply(this, command);
      return {};
    },
  };

  #channel(verb: ChannelVerb, name: string): MemoryChannel {
    const channel = this.#host.open(name);
    if (channel === undefined) throw Refused.with(unknownChannel(name));
    if (this.#host.allows(verb, name, this.user)) return channel;
    throw new Refused('permission_denied', this.#notAllowed(verb, name));
  }

  #notAllowed(verb: ChannelVerb, name: string): string {
    return `"${verb}" on "${name}" is not allowed to ${this.#who}`;
  }

  get #who(): string {
    return this.user === null ? 'an anonymous connection' : `user "${this.user}"`;
  }

  /** The channel whose log a subscription to a pattern reads. SPEC.md section 4.3. */
  #boundChannel(pattern: string): MemoryChannel {
    const bound = this.#host.boundFor(pattern);
    const [first] = bound;
    if (first === undefined) throw Refused.with(bindingMissing(pattern, 'subscribe', this.#who));
    const allowed = bound.find(({ name }) => this.#host.allows('subscribe', name, this.user));
    if (allowed !== undefined) return allowed;
    throw new Refused(
      'permission_denied',
      `${this.#notAllowed('subscribe', first.name)}. It has the messages of "${pattern}"`,
    );
  }

  /** The channel that has the cursor of a subscription. */
  #subscribedTo(name: string, sub: number | undefined): MemoryChannel | undefined {
    const channels = isWildcard(name) ? this.#host.boundFor(name) : [this.#host.open(name)];
    return channels.find((channel) => channel?.cursorOf(this, sub, name) !== undefined);
  }
}

/** Refuses a publish that expects another head. SPEC.md section 4.5. */
function checkHead({ name, log: { head } }: MemoryChannel, expected: ExpectedHead | undefined): void {
  if (!expected || (expected.offset === head.offset && (expected.epoch ?? head.epoch) === head.epoch)) return;
  throw new Refused('conflict', `the head of "${name}" is at ${head.offset}, not ${expected.offset}`, { head });
}

/** The condition of a command's filter, and of its pattern; `undefined` without both. */
function matcherOf(
  { filter, channel: name }: Pick<CommandOf<'subscribe'>, 'filter' | 'channel'>,
  { name: log }: MemoryChannel,
): Matcher | undefined {
  if (filter === undefined && !isWildcard(name)) return undefined;
  const asked = filter === undefined ? EVERY : canonical(filter);
  const conditions = isWildcard(name) ? both(asked, canonical({ channel: name })) : asked;
  return (message) => matches(conditions, message, log);
}
