import {
  type Command,
  type Conditions,
  canonical,
  EVERY,
  type Failure,
  type Filter,
  type GapPush,
  json,
  type Message,
  type MessagesPush,
  matches,
  type Position,
  type ProgressPush,
  type Push,
  type ServerMessage,
  type StartingPoint,
  type SubscribeResult,
} from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import type { LoopbackClient } from '../../src/transport/loopback-client.ts';
import { at, checkGapRange, classifyMessage, hasReached } from './delivery-rules.ts';
import type { CommandInput } from './protocol-client.ts';

/** The client state of one subscription: SPEC.md section 7. */
interface Subscription {
  readonly channel: string;
  readonly sub: number | undefined;
  readonly filter: Filter | undefined;
  /** `asked`: `subscribe` has no reply yet. `leaving`: `unsubscribe` has no reply yet. */
  wire: 'off' | 'asked' | 'on' | 'leaving';
  /** `unsubscribe` was sent before the reply to `subscribe`. */
  fleeting: boolean;
  /** Does the application want it? Then the client subscribes again after a lost connection. */
  wanted: boolean;
  state: 'live' | 'replaying';
  start: StartingPoint;
  position: Position | undefined;
}

/** The subscription that a command or a push refers to. */
interface Subject {
  readonly channel: string;
  readonly sub?: number | undefined;
}

const conditionsOf = ({ filter }: Pick<Subscription, 'filter'>): Conditions =>
  filter === undefined ? EVERY : canonical(filter);

const keyOf = ({ channel, sub }: Subject): string => (sub === undefined ? channel : `${channel}#${sub}`);

/** Checks what a follower receives. */
export interface Checker {
  /** The message at this position, if one exists. */
  at(channel: string, position: Position): Message | undefined;
  hasExpired(message: Message): boolean;
  /** Returns what is wrong with a gap according to the rule and the log. */
  gap(push: GapPush, conditions: Conditions): string | undefined;
  subscribed(channel: string, start: StartingPoint, result: SubscribeResult): string | undefined;
  published(channel: string, position: Position & { id: string }): string | undefined;
}

/**
 * A client that follows the rules of SPEC.md section 7 to the letter and notes every breach by the
 * gateway. Its seats outlive its connections.
 */
export class Follower {
  readonly name: string;
  readonly binary: boolean;
  readonly #checker: Checker;
  /** All violations by the gateway. */
  readonly faults: string[] = [];
  /** By `keyOf`. */
  readonly subscriptions = new Map<string, Subscription>();
  readonly #commands = new Map<number, Command>();
  #socket: LoopbackClient | undefined;
  #lastId = 0;
  /** Messages that the application received. */
  handled = 0;
  gaps = 0;
  /** The reasons of the received gaps. */
  readonly reasons = new Set<string>();
  repeats = 0;
  progress = 0;
  unavailable = 0;

  constructor(name: string, { binary, checker }: { binary: boolean; checker: Checker }) {
    this.name = name;
    this.binary = binary;
    this.#checker = checker;
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  get socket(): LoopbackClient | undefined {
    return this.#socket;
  }

  /** Uses a new connection, and subscribes to all wanted channels in the same frame. SPEC.md section 7, rule 5. */
  connect(socket: LoopbackClient): void {
    this.#socket = socket;
    socket.onFrame = (frame) => this.#receive(frame);
    socket.onEnd = () => {
      if (this.#socket === socket) this.#lost();
    };
    const again = [...this.subscriptions.values()].filter((subscription) => subscription.wanted);
    this.send({ type: 'connect' }, ...again.map((subscription) => this.#ask(subscription)));
  }

  #lost(): void {
    this.#socket = undefined;
    this.#commands.clear();
    for (const subscription of this.subscriptions.values()) {
      subscription.wire = 'off';
      subscription.fleeting = false;
    }
  }

  send(...commandInputs: CommandInput[]): void {
    const commands = commandInputs.map((command) => ({ ...command, id: ++this.#lastId }) as Command);
    for (const command of commands) this.#commands.set(command.id, command);
    this.#socket?.send(this.binary ? msgpack.encode(commands) : json.encode(commands));
  }

  /** Subscribes for the application, with or without a subscription id. Does nothing if it is subscribed. */
  subscribe(channel: string, start: StartingPoint, { sub, filter }: { sub?: number; filter?: Filter } = {}): void {
    const subscription = this.subscriptions.get(keyOf({ channel, sub }));
    if (subscription !== undefined && (subscription.wanted || subscription.wire !== 'off')) return;
    const place = { channel, sub, filter, start, position: undefined };
    const fresh: Subscription = { ...place, wire: 'off', fleeting: false, wanted: true, state: 'live' };
    this.subscriptions.set(keyOf(fresh), fresh);
    this.send(this.#ask(fresh));
  }

  #ask(subscription: Subscription): CommandInput {
    subscription.wire = 'asked';
    const { rewind, since, position } =
      subscription.position === undefined ? subscription.start : { position: subscription.position };
    return {
      type: 'subscribe',
      channel: subscription.channel,
      ...(subscription.sub === undefined ? undefined : { sub: subscription.sub }),
      ...(subscription.filter === undefined ? undefined : { filter: subscription.filter }),
      ...(rewind === undefined ? undefined : { rewind }),
      ...(since === undefined ? undefined : { since }),
      ...(position === undefined ? undefined : { position }),
    } as CommandInput;
  }

  unsubscribe(channel: string, sub?: number): void {
    const subscription = this.subscriptions.get(keyOf({ channel, sub }));
    if (subscription === undefined || !subscription.wanted || subscription.wire === 'off') return;
    subscription.wanted = false;
    if (subscription.wire === 'on') subscription.wire = 'leaving';
    else subscription.fleeting = true;
    this.send({ type: 'unsubscribe', channel, ...(sub === undefined ? {} : { sub }) });
  }

  #receive(frame: string | Uint8Array): void {
    const value = this.binary ? msgpack.decode(frame) : json.decode(frame);
    for (const message of (Array.isArray(value) ? value : [value]) as ServerMessage[]) this.#handle(message);
  }

  #handle(message: ServerMessage): void {
    if (message.type === 'error') this.#refused(message);
    else if (message.type === 'reply') this.#answered(message.id, message.result);
    else if ('channel' in message) this.#pushed(message);
  }

  #answered(id: number, result: unknown): void {
    const command = this.#commands.get(id);
    if (command === undefined) {
      this.#fault(`received an unexpected or repeated answer to ${id}`);
      return;
    }
    this.#commands.delete(id);
    if (command.type === 'subscribe') this.#subscribed(command, result as SubscribeResult);
    else if (command.type === 'unsubscribe') this.#unsubscribed(command);
    else if (command.type === 'publish')
      this.#note(this.#checker.published(command.channel, result as Position & { id: string }));
  }

  /** Only an unavailable engine is an accepted reason. */
  #refused(failure: Failure): void {
    const command = this.#commands.get(failure.id ?? 0);
    this.#commands.delete(failure.id ?? 0);
    const subscription =
      command !== undefined && 'channel' in command ? this.subscriptions.get(keyOf(command)) : undefined;
    const { name } = failure.error;
    if (command?.type === 'subscribe' && name === 'unavailable' && subscription !== undefined) {
      subscription.wire = subscription.fleeting ? 'leaving' : 'off';
      subscription.wanted = false;
    } else if (name === 'unavailable' && (command?.type === 'publish' || command?.type === 'history')) {
      this.unavailable++;
    } else if (name === 'not_subscribed' && subscription?.fleeting === true) {
      subscription.fleeting = false;
      subscription.wire = 'off';
    } else this.#fault(`was answered ${JSON.stringify(failure)}`);
  }

  #subscribed(command: Subject, result: SubscribeResult): void {
    const subscription = this.subscriptions.get(keyOf(command));
    if (subscription === undefined) return;
    const start = subscription.position === undefined ? subscription.start : { position: subscription.position };
    this.#note(this.#checker.subscribed(command.channel, start, result));
    const { epoch, offset, state } = result;
    subscription.wire = subscription.fleeting ? 'leaving' : 'on';
    subscription.fleeting = false;
    subscription.state = state;
    subscription.position = { epoch, offset };
  }

  #unsubscribed(command: Subject): void {
    const subscription = this.subscriptions.get(keyOf(command));
    if (subscription !== undefined) subscription.wire = 'off';
  }

  #pushed(push: Extract<Push, { channel: string }>): void {
    const subscription = this.subscriptions.get(keyOf(push));
    // Stricter than rule 1: here every earlier subscription ends before the next one is requested.
    if (subscription === undefined || subscription.wire === 'off' || subscription.wire === 'asked') {
      this.#fault(`received ${push.type} of ${push.channel} without a subscription (${subscription?.wire})`);
    } else if (push.type === 'messages') this.#messages(subscription, push);
    else if (push.type === 'progress') this.#progress(subscription, push);
    else if (push.type === 'gap') this.#gap(subscription, push);
    else if (push.type === 'unsubscribed') this.#fault(`lost ${push.channel}: ${push.reason}`);
    else if (push.type === 'live' || push.type === 'replaying') this.#turned(subscription, push);
    else this.#fault(`received an unexpected ${push.type} of ${push.channel}`);
  }

  #messages(subscription: Subscription, { channel, epoch, after, messages }: MessagesPush): void {
    if (after === undefined && subscription.filter !== undefined) {
      this.#fault(`received a push of ${channel} without "after"`);
    }
    if (messages.length === 0) this.#fault(`received an empty push of ${channel}`);
    for (const message of messages) {
      const place = { epoch, offset: message.offset };
      const logged = this.#checker.at(channel, place);
      if (logged === undefined || logged.id !== message.id || logged.time !== message.time) {
        this.#fault(
          `received ${JSON.stringify(message)} of ${channel} in ${epoch}, but the log has ${JSON.stringify(logged)}`,
        );
      }
      if (logged !== undefined && !matches(conditionsOf(subscription), logged, channel)) {
        this.#fault(`received ${at(place)} of ${channel}, which does not match ${JSON.stringify(subscription.filter)}`);
      }
      const verdict = classifyMessage(subscription.position, place, after);
      if (verdict === 'repeat') {
        this.repeats++;
        continue;
      }
      this.#checkSkipped(subscription, { epoch, offset: message.offset - 1 });
      if (verdict === 'next') this.handled++;
      else this.#fault(`received ${at(place)} of ${channel} without a gap after ${at(subscription.position)}`);
      subscription.position = place;
    }
  }

  /** The messages that a subscription skips up to a position have expired or do not match its filter. */
  #checkSkipped({ position, channel, filter, ...subscription }: Subscription, to: Position): void {
    for (let offset = (position?.offset ?? 0) + 1; offset <= to.offset; offset++) {
      const skipped = this.#checker.at(channel, { epoch: to.epoch, offset });
      if (skipped === undefined || this.#checker.hasExpired(skipped)) continue;
      if (matches(conditionsOf({ filter }), skipped, channel)) {
        this.#fault(
          `has not received ${offset} of ${channel}${subscription.sub ?? ''}, filter ${JSON.stringify(filter)}`,
        );
      }
    }
  }

  #progress(subscription: Subscription, { channel, epoch, after, offset }: ProgressPush): void {
    const to = { epoch, offset };
    if (offset <= after) this.#fault(`received a useless progress of ${channel}`);
    if (!hasReached(subscription.position, { epoch, offset: after })) {
      this.#fault(`received progress of ${channel} after ${after}, but its position is ${at(subscription.position)}`);
    }
    if (hasReached(subscription.position, to)) return;
    this.#checkSkipped(subscription, to);
    subscription.position = to;
    this.progress++;
  }

  #gap(subscription: Subscription, push: GapPush): void {
    this.#note(this.#checker.gap(push, conditionsOf(subscription)));
    const { to } = push;
    this.reasons.add(push.reason);
    this.#note(checkGapRange(subscription.position, push));
    if (hasReached(subscription.position, to) && push.reason !== 'epoch_changed') return;
    this.handled +=
      push.latest?.filter(({ offset }) => !hasReached(subscription.position, { ...to, offset })).length ?? 0;
    subscription.position = to;
    this.gaps++;
  }

  #turned(subscription: Subscription, { type, channel }: { type: 'live' | 'replaying'; channel: string }): void {
    if (subscription.state === type) this.#fault(`received ${type} for ${channel}, which is already ${type}`);
    subscription.state = type;
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined) this.#fault(problem);
  }

  #fault(text: string): void {
    this.faults.push(`${this.name} ${text}`);
  }
}
