import {
  type Command,
  type Failure,
  type GapPush,
  json,
  type Message,
  type MessagesPush,
  type Position,
  type Push,
  type ServerMessage,
  type StartingPoint,
  type SubscribeResult,
} from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import type { LoopbackClient } from '../../src/transport/loopback-client.ts';
import type { Spoken } from './protocol-client.ts';
import { at, hasReached, judgeMessage, judgeRange } from './reading.ts';

/** One subscription as SPEC.md section 7 asks a client to keep it. */
interface Seat {
  readonly channel: string;
  readonly sub: number | undefined;
  /** `asked`: the command is out, the reply is not in. `leaving`: as well, of `unsubscribe`. */
  wire: 'off' | 'asked' | 'on' | 'leaving';
  /** `unsubscribe` follows on its heels. */
  fleeting: boolean;
  /** Does the application want it? Then it is asked for again after a lost connection. */
  wanted: boolean;
  state: 'live' | 'replaying';
  start: StartingPoint;
  position: Position | undefined;
}

/** What a command or a push is about. */
interface Subject {
  readonly channel: string;
  readonly sub?: number | undefined;
}

const keyOf = ({ channel, sub }: Subject): string => (sub === undefined ? channel : `${channel}#${sub}`);

/** What a follower needs to know to judge what it hears. */
export interface Judge {
  /** The message that stands at this place; undefined when there is none. */
  at(channel: string, position: Position): Message | undefined;
  /** Says what is wrong with a gap, where the channel and the log tell. */
  gap(push: GapPush): string | undefined;
  subscribed(channel: string, start: StartingPoint, result: SubscribeResult): string | undefined;
  published(channel: string, position: Position & { id: string }): string | undefined;
}

/**
 * A client that follows the rules of SPEC.md section 7 to the letter and notes every breach by the gateway. Its seats outlive its connections.
 */
export class Follower {
  readonly name: string;
  readonly binary: boolean;
  readonly #judge: Judge;
  /** Everything that was wrong. */
  readonly faults: string[] = [];
  /** By `keyOf`. */
  readonly seats = new Map<string, Seat>();
  readonly #commands = new Map<number, Command>();
  #socket: LoopbackClient | undefined;
  #lastId = 0;
  /** Messages that went to the application. */
  handled = 0;
  gaps = 0;
  /** Of the gaps that were told. */
  readonly reasons = new Set<string>();
  repeats = 0;
  unavailable = 0;

  constructor(name: string, { binary, judge }: { binary: boolean; judge: Judge }) {
    this.name = name;
    this.binary = binary;
    this.#judge = judge;
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  get socket(): LoopbackClient | undefined {
    return this.#socket;
  }

  /** Takes a new connection, and asks for everything that is wanted in the same frame. SPEC.md section 7, rule 5. */
  connect(socket: LoopbackClient): void {
    this.#socket = socket;
    socket.onFrame = (frame) => this.#receive(frame);
    socket.onEnd = () => {
      if (this.#socket === socket) this.#lost();
    };
    const again = [...this.seats.values()].filter((seat) => seat.wanted);
    this.say({ type: 'connect' }, ...again.map((seat) => this.#ask(seat)));
  }

  #lost(): void {
    this.#socket = undefined;
    this.#commands.clear();
    for (const seat of this.seats.values()) {
      seat.wire = 'off';
      seat.fleeting = false;
    }
  }

  say(...spoken: Spoken[]): void {
    const commands = spoken.map((command) => ({ ...command, id: ++this.#lastId }) as Command);
    for (const command of commands) this.#commands.set(command.id, command);
    this.#socket?.send(this.binary ? msgpack.encode(commands) : json.encode(commands));
  }

  /** The application wants the channel, with a subscription id or without. Does nothing while it has it. */
  subscribe(channel: string, start: StartingPoint, sub?: number): void {
    const seat = this.seats.get(keyOf({ channel, sub }));
    if (seat !== undefined && (seat.wanted || seat.wire !== 'off')) return;
    const place = { channel, sub, start, position: undefined };
    const fresh: Seat = { ...place, wire: 'off', fleeting: false, wanted: true, state: 'live' };
    this.seats.set(keyOf(fresh), fresh);
    this.say(this.#ask(fresh));
  }

  #ask(seat: Seat): Spoken {
    seat.wire = 'asked';
    const { rewind, since, position } = seat.position === undefined ? seat.start : { position: seat.position };
    return {
      type: 'subscribe',
      channel: seat.channel,
      ...(seat.sub === undefined ? undefined : { sub: seat.sub }),
      ...(rewind === undefined ? undefined : { rewind }),
      ...(since === undefined ? undefined : { since }),
      ...(position === undefined ? undefined : { position }),
    } as Spoken;
  }

  unsubscribe(channel: string, sub?: number): void {
    const seat = this.seats.get(keyOf({ channel, sub }));
    if (seat === undefined || !seat.wanted || seat.wire === 'off') return;
    seat.wanted = false;
    if (seat.wire === 'on') seat.wire = 'leaving';
    else seat.fleeting = true;
    this.say({ type: 'unsubscribe', channel, ...(sub === undefined ? {} : { sub }) });
  }

  #receive(frame: string | Uint8Array): void {
    const value = this.binary ? msgpack.decode(frame) : json.decode(frame);
    for (const message of (Array.isArray(value) ? value : [value]) as ServerMessage[]) this.#hear(message);
  }

  #hear(message: ServerMessage): void {
    if (message.type === 'error') this.#refused(message);
    else if (message.type === 'reply') this.#answered(message.id, message.result);
    else if ('channel' in message) this.#pushed(message);
  }

  #answered(id: number, result: unknown): void {
    const command = this.#commands.get(id);
    if (command === undefined) {
      this.#fault(`heard an answer to ${id}, which it did not ask, or twice`);
      return;
    }
    this.#commands.delete(id);
    if (command.type === 'subscribe') this.#subscribed(command, result as SubscribeResult);
    else if (command.type === 'unsubscribe') this.#unsubscribed(command);
    else if (command.type === 'publish')
      this.#note(this.#judge.published(command.channel, result as Position & { id: string }));
  }

  /** Only an engine that is away is an excuse. */
  #refused(failure: Failure): void {
    const command = this.#commands.get(failure.id ?? 0);
    this.#commands.delete(failure.id ?? 0);
    const seat = command !== undefined && 'channel' in command ? this.seats.get(keyOf(command)) : undefined;
    const { name } = failure.error;
    if (command?.type === 'subscribe' && name === 'unavailable' && seat !== undefined) {
      seat.wire = seat.fleeting ? 'leaving' : 'off';
      seat.wanted = false;
    } else if (name === 'unavailable' && (command?.type === 'publish' || command?.type === 'history')) {
      this.unavailable++;
    } else if (name === 'not_subscribed' && seat?.fleeting === true) {
      seat.fleeting = false;
      seat.wire = 'off';
    } else this.#fault(`was answered ${JSON.stringify(failure)}`);
  }

  #subscribed(command: Subject, result: SubscribeResult): void {
    const seat = this.seats.get(keyOf(command));
    if (seat === undefined) return;
    const start = seat.position === undefined ? seat.start : { position: seat.position };
    this.#note(this.#judge.subscribed(command.channel, start, result));
    const { epoch, offset, state } = result;
    seat.wire = seat.fleeting ? 'leaving' : 'on';
    seat.fleeting = false;
    seat.state = state;
    seat.position = { epoch, offset };
  }

  #unsubscribed(command: Subject): void {
    const seat = this.seats.get(keyOf(command));
    if (seat !== undefined) seat.wire = 'off';
  }

  #pushed(push: Extract<Push, { channel: string }>): void {
    const seat = this.seats.get(keyOf(push));
    // Stricter than rule 1: here every earlier subscription has ended before the next is asked for.
    if (seat === undefined || seat.wire === 'off' || seat.wire === 'asked') {
      this.#fault(`heard ${push.type} of ${push.channel} without a subscription (${seat?.wire})`);
    } else if (push.type === 'messages') this.#messages(seat, push);
    else if (push.type === 'gap') this.#gap(seat, push);
    else if (push.type === 'unsubscribed') this.#fault(`lost ${push.channel}: ${push.reason}`);
    else if (push.type === 'live' || push.type === 'replaying') this.#turned(seat, push);
    else this.#fault(`heard ${push.type} of ${push.channel}, which it did not ask for`);
  }

  #messages(seat: Seat, { channel, epoch, messages }: MessagesPush): void {
    if (messages.length === 0) this.#fault(`heard an empty push of ${channel}`);
    for (const message of messages) {
      const place = { epoch, offset: message.offset };
      const stands = this.#judge.at(channel, place);
      if (stands === undefined || stands.id !== message.id || stands.time !== message.time) {
        this.#fault(
          `heard ${JSON.stringify(message)} of ${channel} in ${epoch}, where ${JSON.stringify(stands)} stands`,
        );
      }
      const verdict = judgeMessage(seat.position, place);
      if (verdict === 'repeat') {
        this.repeats++;
        continue;
      }
      if (verdict === 'next') this.handled++;
      else this.#fault(`heard ${at(place)} of ${channel} without a gap after ${at(seat.position)}`);
      seat.position = place;
    }
  }

  #gap(seat: Seat, push: GapPush): void {
    this.#note(this.#judge.gap(push));
    const { to } = push;
    this.reasons.add(push.reason);
    this.#note(judgeRange(seat.position, push));
    if (hasReached(seat.position, to) && push.reason !== 'epoch_changed') return;
    this.handled += push.latest?.filter(({ offset }) => !hasReached(seat.position, { ...to, offset })).length ?? 0;
    seat.position = to;
    this.gaps++;
  }

  #turned(seat: Seat, { type, channel }: { type: 'live' | 'replaying'; channel: string }): void {
    if (seat.state === type) this.#fault(`heard that ${channel} turned ${type}, which it was already`);
    seat.state = type;
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined) this.#fault(problem);
  }

  #fault(text: string): void {
    this.faults.push(`${this.name} ${text}`);
  }
}
