import type { Message, PublishResult } from '@sluice/protocol';
import type { ManualClock } from '../../util/clock.ts';
import { type AppendOptions, type Engine, UNTIL_SETTLED } from '../engine.ts';
import type { Claim, GroupOptions, GroupRef, GroupStore, Outcome, QueueBounds } from '../groups.ts';

/** Groups deliver in this way unless a test says otherwise. */
export const OPTIONS: GroupOptions = {
  ackTimeout: 30_000,
  maxDeliveries: 0,
  backoff: [],
  orderBy: null,
  maxUnacked: 10_000,
  start: 'oldest',
  queue: false,
  maxSettled: 1_000,
  expires: null,
};

/** The same, for the group of a queue. */
export const QUEUE: GroupOptions = { ...OPTIONS, queue: true };

/** A delivery with its message by value. */
export interface Received {
  readonly id: string;
  readonly attempt: number;
  readonly message: Message;
}

/** A started engine with groups. */
export class GroupsBench {
  readonly clock: ManualClock;
  readonly engine: Engine;
  readonly groups: GroupStore;
  /** Groups that were announced as claimable. */
  readonly announced: GroupRef[] = [];
  #messages = 0;
  #claims = 0;

  constructor(engine: Engine, clock: ManualClock) {
    if (engine.groups === undefined) throw new Error(`the engine "${engine.name}" has no groups`);
    this.engine = engine;
    this.groups = engine.groups;
    this.clock = clock;
  }

  async start(): Promise<this> {
    this.groups.start((channel, group) => this.announced.push({ channel, group }));
    await this.engine.start({ deliver: () => {} });
    return this;
  }

  /** Appends a message to a log with history. `ttl`: the milliseconds after which it expires. */
  async append(
    channel: string,
    tags?: Message['tags'],
    options: Partial<AppendOptions> = {},
    ttl?: number,
  ): Promise<PublishResult> {
    const data = ++this.#messages;
    const time = this.clock.now();
    const entry = {
      ...{ id: `m${data}`, time, data },
      ...(tags === undefined ? undefined : { tags }),
      ...(ttl === undefined ? undefined : { expiresAt: time + ttl }),
    };
    const retention = { count: 1_000, age: 3_600_000 };
    return this.engine.log.append(channel, entry, { retention, window: 300_000, ...options });
  }

  async fill(channel: string, count: number): Promise<void> {
    for (let at = 0; at < count; at++) await this.append(channel);
  }

  /** Appends a message to a queue, whose group is `queue`. */
  async enqueue(channel: string, bounds: Partial<QueueBounds> = {}, ttl?: number): Promise<PublishResult> {
    const queue: QueueBounds = { group: 'queue', maxLength: 1_000, overflow: 'reject', ...bounds };
    return this.append(channel, undefined, { retention: UNTIL_SETTLED, queue }, ttl);
  }

  async claimAll(ref: GroupRef, max = 100, options: GroupOptions = OPTIONS, maxLength = 1_000_000): Promise<Claim> {
    return this.groups.claim(ref, options, { token: this.#token(), max, maxLength });
  }

  /** Claims with a fence, or explicitly without one. */
  async claimFenced(
    ref: GroupRef,
    fence: string | undefined,
    { max = 100, options = OPTIONS }: { max?: number; options?: GroupOptions } = {},
  ): Promise<Claim> {
    return this.groups.claim(ref, options, { token: this.#token(), max, maxLength: 1_000_000, fence });
  }

  #token(): string {
    return `t${++this.#claims}`;
  }

  async claim(ref: GroupRef, max = 100, options: GroupOptions = OPTIONS): Promise<Received[]> {
    const { deliveries } = await this.claimAll(ref, max, options);
    return deliveries.map(({ id, attempt, message }) => ({ id, attempt, message: message.message }));
  }

  /** The offsets of a claim. */
  async offsets(ref: GroupRef, max = 100, options: GroupOptions = OPTIONS): Promise<number[]> {
    return (await this.claim(ref, max, options)).map(({ message }) => message.offset);
  }

  /** Claims one delivery, which there must be. */
  async claimOne(ref: GroupRef, options: GroupOptions = OPTIONS): Promise<Received> {
    const [received] = await this.claim(ref, 1, options);
    if (received === undefined) throw new Error(`nothing is claimable in ${ref.channel}`);
    return received;
  }

  /** Returns for each id whether the delivery was in flight. */
  async settle(
    ref: GroupRef,
    deliveries: readonly (Received | string)[],
    outcome: Outcome = { type: 'ack' },
    options: GroupOptions = OPTIONS,
  ): Promise<readonly boolean[]> {
    const ids = deliveries.map((each) => (typeof each === 'string' ? each : each.id));
    return (await this.groups.settle(ref, options, ids, outcome)).accepted;
  }

  async stats(ref: GroupRef, options: GroupOptions = OPTIONS) {
    return this.groups.stats(ref, options);
  }

  async dead(ref: GroupRef, after = 0, limit = 100) {
    const { letters, total } = await this.groups.dead(ref, after, limit);
    return { total, letters: letters.map(({ message, ...letter }) => ({ ...letter, offset: message.message.offset })) };
  }
}
