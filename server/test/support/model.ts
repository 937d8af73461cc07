import {
  type Conditions,
  type GapPush,
  type Json,
  type Message,
  matches,
  type Position,
  type StartingPoint,
  type SubscribeResult,
} from '@sluice/protocol';
import { pino } from 'pino';
import { type Assembly, assemble } from '../../src/assemble.ts';
import { PROGRAM } from '../../src/auth/identity.ts';
import { type Cursor, SUBSCRIPTIONS } from '../../src/channels/cursor.ts';
import type { ChannelInput, ConfigInput } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/schema.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { Refusal } from '../../src/refusal.ts';
import { createAcceptor } from '../../src/session/acceptor.ts';
import { LoopbackTransport } from '../../src/transport/loopback.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { chain } from '../../src/util/now-or-later.ts';
import { Turn } from '../../src/util/turn.ts';
import { ChaosEngine } from './chaos-engine.ts';
import { checkGapReason } from './delivery-rules.ts';
import { type Checker, Follower } from './follower.ts';

const DAY = 86_400_000;
const OPEN = { '*': 'anyone' } as const;

/** Channels with all settings of slow readers and retention. `safe` must never lose a message. */
export const CHANNELS = {
  safe: { allow: OPEN, history: { count: 1_000_000, age: 3650 * DAY } },
  short: { allow: OPEN, history: { count: 8, age: '1m' } },
  long: { allow: OPEN, history: { count: 300, age: '10m' } },
  latest: { allow: OPEN, history: { count: 50, age: '1h' }, slow: 'latest' },
  keyed: { allow: OPEN, history: { count: 50, age: '1h' }, slow: 'latest', latestBy: 'tag:key' },
  fleeting: { allow: OPEN, slow: 'latest', latestBy: 'from' },
  drop: { allow: OPEN, history: { count: 50, age: '1h' }, slow: 'drop' },
  strict: { allow: OPEN, history: { count: 50, age: '1h' }, slow: 'disconnect' },
  passing: { allow: OPEN },
  cutting: { allow: OPEN, slow: 'disconnect' },
} as const satisfies ConfigInput['channels'];

export type ChannelName = keyof typeof CHANNELS;
export const CHANNEL_NAMES = Object.keys(CHANNELS) as ChannelName[];

/** The outbound limit in bytes: small, so that few messages fill the buffer of a connection. */
const OUTBOUND = 65_536;
const CONFIG = parseConfig({
  anonymous: true,
  channels: CHANNELS,
  limits: { outbound: OUTBOUND, maxFrame: 1_048_576 },
  log: { level: 'silent' },
});
const LOG = pino({ level: 'silent' });

/** Most turns until an idle gateway settles. */
const MAX_TURNS = 300;

export interface ModelOptions {
  readonly channels: readonly ChannelName[];
  readonly followers: number;
  /** Wraps the engine. */
  readonly wrap?: (engine: ChaosEngine) => Engine;
  /** Called with the wrapped engine. */
  readonly onEngine?: (model: Model, engine: Engine) => void;
}

/** A gateway that the test runs step by step, with followers that check what they receive. */
export class Model {
  readonly clock = new ManualClock();
  readonly transport = new LoopbackTransport({ limit: OUTBOUND / 2 });
  readonly chaos = new ChaosEngine(this.clock);
  readonly gateway: Assembly;
  readonly channels: readonly ChannelName[];
  readonly followers: readonly Follower[];
  readonly faults: string[] = [];
  #deferred: (() => void)[] = [];
  #published = 0;
  #biggest = 0;

  constructor({ channels, followers, wrap = (engine) => engine, onEngine = () => {} }: ModelOptions) {
    this.channels = channels;
    const turn = new Turn((task) => this.#deferred.push(task));
    const engine = wrap(this.chaos);
    onEngine(this, engine);
    const { transport, clock } = this;
    this.gateway = assemble(CONFIG, { transport, clock, turn, engine, log: LOG });
    const { services } = this.gateway;
    void engine.start({ deliver: (channel, epoch, message) => services.hub.deliver(channel, epoch, message) });
    transport.open(createAcceptor({ services, admission: () => null }));
    services.events.on('fault', ({ where, error }) => this.faults.push(`fault in ${where}: ${String(error)}`));
    const checker = this.#checker();
    // An empty log expires after a while, and comes back with another epoch.
    this.publish('safe', { count: 1, size: 0 });
    this.followers = Array.from(
      { length: followers },
      (_, at) => new Follower(`follower ${at}`, { binary: at % 2 === 1, checker }),
    );
  }

  // Steps ------------------------------------------------------------------------------------------------------------

  connect(follower: Follower): void {
    this.transport.step();
    const protocols = [follower.binary ? 'sluice.v1.msgpack' : 'sluice.v1.json'];
    if (!follower.connected) follower.connect(this.transport.connect({ protocols }));
  }

  /** Publishes from a backend. */
  publish(channel: ChannelName, { count, size, ttl }: { count: number; size: number; ttl?: number | undefined }): void {
    const { services } = this.gateway;
    for (let at = 0; at < count; at++) {
      const key = `${this.#published % 4}`;
      const draft = {
        data: this.data(size),
        ...(key === '0' ? undefined : { tags: { key } }),
        ...(ttl === undefined ? undefined : { ttl }),
      };
      const by = key === '0' ? PROGRAM : { ...PROGRAM, user: key };
      const outcome = services.door.publish({ channel, draft, by, allowance: null });
      chain(
        outcome,
        (result) => this.#check(result),
        (error) => this.#check(error),
      );
    }
  }

  #check(outcome: unknown): void {
    if (outcome instanceof Error) this.faults.push(`a publish failed: ${String(outcome)}`);
    if (outcome instanceof Refusal && outcome.error !== 'unavailable') this.faults.push(`refused: ${outcome.detail}`);
  }

  data(size: number): Json {
    this.#biggest = Math.max(this.#biggest, size);
    return { n: ++this.#published, fill: 'x'.repeat(size) };
  }

  /** One turn of the loop: writes the published frames, then runs the deferred tasks. */
  turn(): void {
    this.transport.step();
    const tasks = this.#deferred;
    this.#deferred = [];
    for (const task of tasks) task();
  }

  /** Runs turns until nothing is left to do. */
  settle(): void {
    for (let turns = 0; this.#deferred.length > 0; turns++) {
      if (turns > MAX_TURNS) throw new Error('the gateway does not settle');
      this.turn();
    }
    this.transport.step();
    if (this.#deferred.length > 0) this.settle();
  }

  get busy(): boolean {
    return this.#deferred.length > 0;
  }

  /** Connects all followers, lets them read, and stops losing announcements. */
  reconnectAll(): void {
    for (const name of CHANNEL_NAMES) this.chaos.lose(name, 0);
    for (const follower of this.followers) {
      this.connect(follower);
      follower.socket?.unstall();
    }
  }

  /** Publishes once more to channels with lost announcements, because the next message reveals the loss. */
  publishUnannounced(): void {
    for (const name of this.channels) if (this.chaos.unannounced.has(name)) this.publish(name, { count: 1, size: 10 });
  }

  /** Disconnects all followers. */
  disconnectAll(): void {
    for (const { socket } of this.followers) socket?.cut();
  }

  // Checks -----------------------------------------------------------------------------------------------------------

  /** Throws if any fault was found so far. */
  check(): void {
    const faults = [...this.faults, ...this.followers.flatMap((follower) => follower.faults)];
    for (const { socket, name } of this.followers) {
      const held = socket?.held ?? 0;
      // A frame joins messages up to 16 KB, or holds a single larger one; a reply may hold a page of history.
      const most = OUTBOUND / 2 + Math.max(this.#biggest, 16_384) + 262_144 + 1_024;
      if (held > most) faults.push(`${held} bytes are held for ${name}, more than ${most}`);
    }
    if (faults.length > 0) throw new Error(faults.slice(0, 5).join('\n'));
  }

  /** Throws unless every cursor and every follower is live at the head. */
  checkSettled(): void {
    for (const follower of this.followers) {
      for (const subscription of follower.subscriptions.values()) {
        if (!subscription.wanted) continue;
        const { channel, position, wire, state } = subscription;
        const { epoch, head } = this.chaos.read(channel, 0, 0);
        const actual = `${position?.epoch}/${position?.offset} ${wire} ${state}`;
        if (actual !== `${epoch}/${head} on live`) {
          throw new Error(`${follower.name} is at ${actual} of ${channel}, whose head is ${epoch}/${head}`);
        }
      }
    }
    for (const cursor of this.#cursors()) {
      if (cursor.state !== 'live') throw new Error(`a cursor on ${cursor.channel.name} is ${cursor.state}`);
    }
  }

  #cursors(): readonly Cursor[] {
    return this.gateway.services.registry.all().flatMap((session) => [...session.standings.of(SUBSCRIPTIONS).values()]);
  }

  /** Throws if a disconnected client left any state. */
  checkEmpty(): void {
    const { hub, registry } = this.gateway.services;
    const left = { channels: hub.size, filters: hub.filters, sessions: registry.size, sockets: this.transport.size };
    if (Object.values(left).some((count) => count > 0)) throw new Error(`left behind: ${JSON.stringify(left)}`);
    const watched = this.channels.filter((channel) => this.chaos.watches(channel));
    if (watched.length > 0) throw new Error(`still watched: ${watched.join()}`);
    if (this.clock.running > 1) throw new Error(`${this.clock.running} timers run; the engine's sweep is one`);
  }

  #checker(): Checker {
    return {
      at: (channel, position) => this.#at(channel, position),
      hasExpired: (message) => this.#hasExpired(message),
      gap: (push, conditions) => this.checkGap(push, conditions),
      subscribed: (channel, start, result) => this.checkStart(channel as ChannelName, start, result),
      published: (channel, position) => {
        const logged = this.#at(channel, position);
        return logged?.id === position.id
          ? undefined
          : `received ${JSON.stringify(position)}, which is not in ${channel}`;
      },
    };
  }

  #at(channel: string, { epoch, offset }: Position): Message | undefined {
    return this.chaos.truth.get(channel)?.get(epoch)?.[offset - 1];
  }

  #hasExpired({ expiresAt }: Message): boolean {
    return expiresAt !== undefined && expiresAt <= this.clock.now();
  }

  checkGap(push: GapPush, conditions: Conditions): string | undefined {
    return this.#checkReason(push) ?? this.#checkLatest(push, conditions);
  }

  /**
   * A gap must contain the newest message of each key, except for keys with a newer message after
   * the gap, and for messages that have expired or do not match.
   */
  #checkLatest({ channel, from, to, latest, reason }: GapPush, conditions: Conditions): string | undefined {
    const rule: ChannelInput = CHANNELS[channel as ChannelName];
    const gapText = `received a gap of ${channel} from ${from.offset} to ${to.offset} with ${latest?.map(({ offset }) => offset)}`;
    if ((latest !== undefined) !== (reason === 'slow_reader' && rule.slow === 'latest'))
      return `${gapText}, for ${reason}`;
    if (latest === undefined) return undefined;
    const keyOf = ({ tags, from: user }: Message) =>
      rule.latestBy === undefined ? undefined : rule.latestBy === 'from' ? user : tags?.key;
    const epochLog = this.chaos.truth.get(channel)?.get(to.epoch) ?? [];
    const newest = epochLog.filter(({ offset, ...message }, at) => {
      if (offset <= from.offset || offset > to.offset) return false;
      return epochLog.findLastIndex((other) => keyOf(other) === keyOf({ offset, ...message })) === at;
    });
    const between = latest.every(({ offset }) => offset > from.offset && offset <= to.offset);
    const inOrder = latest.every(({ offset }, at) => offset > (latest[at - 1]?.offset ?? 0));
    const keys = new Set(latest.map(keyOf));
    const inLog = latest.every(({ offset, id }) => epochLog[offset - 1]?.id === id);
    const missing = newest.filter(
      (message) =>
        matches(conditions, message, channel) &&
        !this.#hasExpired(message) &&
        !latest.some(({ id }) => message.id === id),
    );
    if (missing.length > 0) return `${gapText}, without ${missing.map(({ offset }) => offset)}`;
    return between && inOrder && inLog && keys.size === latest.length ? undefined : gapText;
  }

  #checkReason(push: GapPush): string | undefined {
    const { channel, to, reason } = push;
    if (channel === 'safe') return `received a gap of "safe", ${reason}`;
    const page = this.chaos.read(channel, 0, 0);
    return checkGapReason(push, CHANNELS[channel as ChannelName], page.epoch === to.epoch ? page.first : undefined);
  }

  /** Checks the start of a cursor when the reply arrives. The log may have grown since, but not shrunk. */
  checkStart(channel: ChannelName, start: StartingPoint, { epoch, offset }: SubscribeResult): string | undefined {
    const request = `requested ${channel} from ${JSON.stringify(start)}, got ${epoch}/${offset}`;
    if (start.position !== undefined) {
      const { position } = start;
      return position.epoch === epoch && position.offset === offset ? undefined : `${request}, another position`;
    }
    if (start.since !== undefined) {
      const page = this.chaos.read(channel, offset - 1, 1);
      const last = page.epoch === epoch && page.first <= offset ? page.messages[0] : undefined;
      return last !== undefined && last.message.time >= start.since ? `${request}, too late` : undefined;
    }
    return undefined;
  }
}
