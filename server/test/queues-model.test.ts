import type { Delivery } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectWorker, type Worker } from './support/worker.ts';
import { createWorld, type World } from './support/world.ts';

const ACK_TIMEOUT = 10_000;
const GRACE = 5_000;
const CHANNEL = 'jobs:a';

/** A delivery as its worker received it. */
interface Held {
  readonly worker: Worker;
  readonly delivery: Delivery;
  /** Until then no other worker may have the message. */
  until: number;
  state: 'held' | 'acked' | 'returned';
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('publish' as const), customer: fc.constantFrom('a', 'b', 'c') }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('ack' as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('nack' as const), which: fc.nat(30), dead: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('extend' as const), which: fc.nat(30) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('connect' as const), prefetch: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 8_000 }) }) },
);

/** Workers of one queue, and what each of them knows. */
class Site {
  readonly world: World;
  readonly #ordered: boolean;
  readonly workers: Worker[] = [];
  readonly held: Held[] = [];
  readonly #seen = new Map<Worker, number>();
  readonly #customers: string[] = [];
  readonly acked = new Set<number>();
  readonly #rejected = new Set<number>();

  constructor(world: World, ordered: boolean) {
    this.world = world;
    this.#ordered = ordered;
  }

  get published(): number {
    return this.#customers.length;
  }

  async publish(customer: string): Promise<void> {
    this.#customers.push(customer);
    await this.world.gateway.publish(CHANNEL, null, { tags: { customer } });
  }

  async connect(prefetch: number): Promise<void> {
    const worker = await connectWorker(this.world, { channel: CHANNEL });
    this.workers.push(worker);
    await worker.consume({ prefetch });
  }

  /** The connection is lost: its deliveries go to others after the grace. */
  cut(worker: Worker): void {
    const end = this.world.clock.monotonic() + GRACE;
    this.#note();
    for (const held of this.held) if (held.worker === worker) held.until = Math.min(held.until, end);
    worker.peer.socket.cut();
    this.workers.splice(this.workers.indexOf(worker), 1);
  }

  async settle(held: Held, how: 'ack' | 'nack' | 'extend', dead: boolean): Promise<void> {
    const worker = this.workers.find((each) => each === held.worker) ?? this.workers[0];
    if (worker === undefined || held.state !== 'held') return;
    const now = this.world.clock.monotonic();
    const { id, message } = held.delivery;
    const command = { type: how, channel: CHANNEL, deliveries: [id], ...(how === 'nack' && dead ? { dead } : {}) };
    const answer = await worker.client.request(command as Parameters<Worker['client']['request']>[0]);
    const isAccepted = answer.type === 'reply';
    expect({ offset: message.offset, isAccepted }).toEqual({ offset: message.offset, isAccepted: held.until > now });
    if (!isAccepted) held.state = 'returned';
    else if (how === 'extend') held.until = Math.max(held.until, now + ACK_TIMEOUT);
    else held.state = how === 'ack' ? 'acked' : 'returned';
    if (isAccepted && how === 'ack') this.acked.add(message.offset);
    if (isAccepted && how === 'nack' && dead) this.#rejected.add(message.offset);
  }

  /** Looks at what was delivered, and checks each delivery when it arrives. */
  async look(): Promise<void> {
    await this.world.idle();
    this.#note();
  }

  #note(): void {
    const now = this.world.clock.monotonic();
    for (const worker of this.workers) {
      for (const delivery of worker.deliveries.slice(this.#seen.get(worker) ?? 0)) {
        this.#check(delivery, now);
        this.held.push({ worker, delivery, until: now + ACK_TIMEOUT, state: 'held' });
      }
      this.#seen.set(worker, worker.deliveries.length);
    }
  }

  #check({ message: { offset } }: Delivery, now: number): void {
    expect(this.acked.has(offset), `message ${offset} after its acknowledgement`).toBe(false);
    expect(this.#rejected.has(offset), `message ${offset} after its death`).toBe(false);
    const isOpen = (other: Held) => other.state === 'held' && other.until > now;
    const holders = this.held.filter((other) => other.delivery.message.offset === offset && isOpen(other));
    expect(holders, `message ${offset} at two workers`).toEqual([]);
    if (!this.#ordered) return;
    const customer = this.#customers[offset - 1];
    const before = this.held.filter(
      ({ delivery: { message } }) => message.offset < offset && this.#customers[message.offset - 1] === customer,
    );
    const unsettled = before.filter(({ delivery: { message } }) => !this.#isSettled(message.offset));
    expect(
      unsettled.map(({ delivery }) => delivery.message.offset),
      `before message ${offset}`,
    ).toEqual([]);
  }

  #isSettled(offset: number): boolean {
    return this.acked.has(offset) || this.#rejected.has(offset);
  }

  /** A worker without faults settles everything that is left. */
  async drain(): Promise<void> {
    await this.connect(100);
    for (let round = 0; round < 60 && this.acked.size + this.#rejected.size < this.published; round++) {
      await this.look();
      for (const held of [...this.held])
        if (held.until > this.world.clock.monotonic()) await this.settle(held, 'ack', false);
      this.world.clock.advance(3_000);
    }
  }

  get lost(): number[] {
    return this.#customers.map((_, at) => at + 1).filter((offset) => !this.#isSettled(offset));
  }
}

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function run(site: Site, one: Step): Promise<void> {
  const { workers, held } = site;
  const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];
  if (one.kind === 'publish') return site.publish(one.customer);
  if (one.kind === 'connect') return site.connect(one.prefetch);
  if (one.kind === 'pass') return site.world.clock.advance(one.ms);
  if (one.kind === 'cut' || one.kind === 'stop') {
    const worker = pick(workers, one.which);
    if (worker === undefined) return;
    if (one.kind === 'cut') site.cut(worker);
    else await worker.client.request({ type: 'stop', channel: CHANNEL });
    return;
  }
  const target = pick(held, one.which);
  if (target !== undefined) await site.settle(target, one.kind, one.kind === 'nack' && one.dead);
}

describe.each([
  ['without an order', false],
  ['in the order of a tag', true],
])('a queue %s', (_, ordered) => {
  it('loses no message, and gives none to two workers, whatever they do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50, size: 'max' }), async (steps) => {
        const options = { ackTimeout: ACK_TIMEOUT, maxDeliveries: 0, backoff: ['1s', '2s'] };
        const queue = ordered ? { ...options, orderBy: 'tag:customer' as const } : options;
        const world = await createWorld({ channels: { 'jobs:{kind}': { allow: { consume: 'role:worker' }, queue } } });
        const site = new Site(world, ordered);
        for (const one of steps) {
          await run(site, one);
          await site.look();
        }
        await site.drain();
        expect(site.lost).toEqual([]);
      }),
      { numRuns: 25, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
    );
  }, 90_000);
});
