import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EngineUnavailable, UNTIL_SETTLED } from '../engine.ts';
import type { GroupOptions } from '../groups.ts';
import { type GroupsBench, OPTIONS, type Received } from './groups-bench.ts';
import { TIME_LIMIT } from './time-limit.ts';

/** A message as a plain record; the model looks through all of them for each operation. */
interface Item {
  readonly offset: number;
  readonly key: string | undefined;
  readonly expiresAt: number;
  state: 'new' | 'waiting' | 'in_flight' | 'delayed' | 'dead' | 'settled';
  attempt: number;
  due: number;
  /** Of its latest delivery. */
  id: string;
}

const isOpen = ({ state }: Item) => state !== 'dead' && state !== 'settled';

/** A consumer group as a list of messages, without any index. */
class GroupModel {
  readonly items: Item[] = [];
  fence: string | undefined;
  readonly #options: GroupOptions;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  append(key: string | undefined, expiresAt: number): void {
    this.items.push({ offset: this.items.length + 1, key, expiresAt, state: 'new', attempt: 0, due: 0, id: '' });
  }

  /** A queue that is full: the oldest message dies that was not delivered yet. Returns whether there is room. */
  makeRoom(maxLength: number, now: number): boolean {
    if (this.items.filter(isOpen).length < maxLength) return true;
    const untaken = this.items.filter(({ state }) => state === 'new');
    const current = untaken.findIndex(({ expiresAt }) => expiresAt > now);
    const expired = current === -1 ? untaken : untaken.slice(0, current);
    const oldest = this.items.find(({ state, attempt }) => attempt === 0 && (state === 'waiting' || state === 'new'));
    const dying = expired.length > 0 ? expired : oldest === undefined ? [] : [oldest];
    for (const item of dying) item.state = 'dead';
    return dying.length > 0;
  }

  setFence(fence: string): void {
    this.fence = fence;
    for (const item of this.items) {
      if (item.state === 'in_flight') item.attempt--;
      if (item.state === 'in_flight' || item.state === 'delayed') item.state = 'waiting';
    }
  }

  claim(max: number, now: number): [number, number][] {
    for (const item of this.items) this.#expire(item, now);
    const claimed: Item[] = [];
    const deliver = (item: Item) => {
      if (item.expiresAt <= now) item.state = 'dead';
      else Object.assign(item, { state: 'in_flight', attempt: item.attempt + 1, due: now + this.#options.ackTimeout });
      if (item.state !== 'dead') claimed.push(item);
    };
    for (const item of this.items) {
      if (claimed.length < max && item.state === 'waiting' && !this.#isBlocked(item)) deliver(item);
    }
    for (const item of this.items) {
      if (item.state !== 'new' || claimed.length >= max || this.#taken >= this.#options.maxUnacked) continue;
      if (!this.#isBlocked(item)) deliver(item);
      else if (this.#options.orderBy?.kind === 'all') break;
      else item.state = 'waiting';
    }
    return claimed.map(({ offset, attempt }) => [offset, attempt]);
  }

  settle(
    item: Item,
    outcome: 'ack' | 'reject' | 'nack' | 'extend',
    { now, delay }: { now: number; delay: number },
  ): boolean {
    if (item.state !== 'in_flight' || item.due <= now) return false;
    if (outcome === 'extend') item.due = now + this.#options.ackTimeout;
    else if (outcome === 'nack') this.#fail(item, now + delay, now);
    else item.state = outcome === 'ack' ? 'settled' : 'dead';
    return true;
  }

  get #taken(): number {
    return this.items.filter((item) => isOpen(item) && item.state !== 'new').length;
  }

  #isBlocked({ offset, key }: Item): boolean {
    const { orderBy } = this.#options;
    if (orderBy === null || (orderBy.kind === 'tag' && key === undefined)) return false;
    const isSame = (other: Item) => orderBy.kind === 'all' || other.key === key;
    return this.items.some((other) => other.offset < offset && isOpen(other) && isSame(other));
  }

  #expire(item: Item, now: number): void {
    if (item.state === 'in_flight' && item.due <= now) this.#fail(item, item.due, now);
    if (item.state === 'delayed' && item.due <= now) item.state = 'waiting';
  }

  #fail(item: Item, due: number, now: number): void {
    const { maxDeliveries } = this.#options;
    if (maxDeliveries > 0 && item.attempt >= maxDeliveries) item.state = 'dead';
    else Object.assign(item, { state: due <= now ? 'waiting' : 'delayed', due });
  }
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      key: fc.constantFrom(undefined, 'x', 'y'),
      ttl: fc.constantFrom(undefined, undefined, 30, 120),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      max: fc.integer({ min: 1, max: 4 }),
      by: fc.constantFrom('holder', 'holder', 'holder', 'one', undefined),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fence' as const), fence: fc.constantFrom('one', 'two') }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      which: fc.nat(20),
      outcome: fc.constantFrom('ack' as const, 'ack' as const, 'nack' as const, 'reject' as const, 'extend' as const),
      delay: fc.constantFrom(0, 40, 150),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 90 }) }) },
);

const options = fc.record({
  ackTimeout: fc.constantFrom(50, 100),
  maxDeliveries: fc.constantFrom(0, 1, 3),
  maxUnacked: fc.constantFrom(2, 4, 100),
  queue: fc.boolean(),
  maxLength: fc.constantFrom(2, 5, 1_000),
  maxSettled: fc.constantFrom(1, 3, 1_000),
  orderBy: fc.constantFrom(null, { kind: 'all' as const }, { kind: 'tag' as const, tag: 'k' }),
});

function nothingIfFull(error: unknown): undefined {
  if (!(error instanceof EngineUnavailable) || error.error !== 'queue_full') throw error;
}

/** Compares a group with a plain list. */
export function testGroupModel(bench: () => GroupsBench, numRuns = 100): void {
  it('matches a plain list after any sequence of operations', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(options, fc.array(step, { maxLength: 60, size: 'max' }), async (each, steps) => {
        const { maxLength, ...given } = each;
        const ref = { channel: `run${++run}`, group: 'g' };
        const group: GroupOptions = { ...OPTIONS, ...given };
        const bounds = { group: 'g', maxLength, overflow: 'dead-letter' as const };
        const kept = group.queue ? { retention: UNTIL_SETTLED, queue: bounds } : {};
        const model = new GroupModel(group);
        const received: Received[] = [];
        for (const one of steps) {
          const now = bench().clock.monotonic();
          if (one.kind === 'pass') bench().clock.advance(one.ms);
          else if (one.kind === 'append') {
            const hasRoom = !group.queue || model.makeRoom(maxLength, now);
            if (hasRoom) model.append(one.key, one.ttl === undefined ? Number.POSITIVE_INFINITY : now + one.ttl);
            const tags = one.key === undefined ? undefined : { k: one.key };
            const appended = await bench().append(ref.channel, tags, kept, one.ttl).catch(nothingIfFull);
            expect(appended !== undefined).toBe(hasRoom);
          } else if (one.kind === 'claim') {
            const fence = one.by === 'holder' ? model.fence : one.by;
            const claim = await bench().claimFenced(ref, fence, { max: one.max, options: group });
            expect(claim.isFenced === true).toBe(fence !== model.fence);
            if (claim.isFenced) continue;
            const deliveries = claim.deliveries.map((each) => ({ ...each, message: each.message.message }));
            received.push(...deliveries);
            const claimed = deliveries.map(({ message, attempt }) => [message.offset, attempt]);
            expect(claimed).toEqual(model.claim(one.max, now));
            for (const { id, message } of deliveries) Object.assign(model.items[message.offset - 1] ?? {}, { id });
          } else if (one.kind === 'fence') {
            await bench().groups.fence(ref, group, one.fence);
            model.setFence(one.fence);
          } else {
            const delivery = received[one.which % Math.max(1, received.length)];
            const item = delivery && model.items[delivery.message.offset - 1];
            if (delivery === undefined || item === undefined) continue;
            const { outcome: type, delay } = one;
            const outcome = type === 'nack' ? { type, delay } : { type };
            const isLatest = item.id === delivery.id;
            const expected = isLatest && model.settle(item, type, { now, delay });
            expect(await bench().settle(ref, [delivery], outcome, group)).toEqual([expected]);
          }
        }
        if (group.queue && model.items.length > 0) {
          // What died in a full queue may be behind a message that the group keeps itself from now on.
          await bench().settle(ref, [], { type: 'ack' }, group);
          const { first } = await bench().engine.log.read(ref.channel, 0, 0);
          const isSettled = ({ offset, state }: Item) => offset >= first && (state === 'settled' || state === 'dead');
          expect(model.items.filter(isSettled).length).toBeLessThanOrEqual(given.maxSettled);
        }
        const open = model.items.filter(isOpen);
        const end = bench().clock.monotonic();
        const isOver = ({ state, due }: Item) => (state === 'in_flight' || state === 'delayed') && due <= end;
        const count = (state: Item['state']) =>
          model.items.filter((item) => item.state === state && !isOver(item)).length;
        expect(await bench().stats(ref, group)).toMatchObject({
          head: model.items.length,
          ...(group.queue ? {} : { floor: (open[0]?.offset ?? model.items.length + 1) - 1 }),
          ...{ inFlight: count('in_flight'), delayed: count('delayed'), dead: count('dead') },
        });
      }),
      { numRuns, ...TIME_LIMIT },
    );
  });
}
