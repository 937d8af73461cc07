import type { Position } from '@sluice/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import type { Gap, Start, Subscription } from '../src/channel-api.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';
import { ModelGateway } from './support/model-gateway.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A subscriber that checks every event: the next message, or a gap that covers what is missing. */
class Reader {
  readonly faults: string[] = [];
  readonly subscription: Subscription;
  position: Position | undefined;
  messages = 0;
  /** Finishes the work of an asynchronous `onGap`. */
  mend: (() => void) | undefined;
  /** The gap whose latest messages may still arrive, and the number of those that did. */
  #gap: (Gap & { kept: number }) | undefined;

  constructor(client: Client, channel: string, { slow = false, ...start }: Start & { slow?: boolean }) {
    this.position = start.position;
    this.subscription = client.channel(channel).subscribe((message) => this.#message(message), {
      ...start,
      onGap: (gap) => {
        this.#checkGap(gap);
        if (!slow) return;
        return new Promise<void>((resolve) => {
          this.mend = () => {
            this.mend = undefined;
            resolve();
          };
        });
      },
    });
  }

  #message({ epoch, offset }: Position): void {
    this.messages++;
    this.#held(`${epoch}/${offset}`);
    const gap = this.#gap;
    if (gap && gap.to.epoch === epoch && offset <= gap.to.offset) {
      // One of the latest messages: in order, and not before the gap.
      if (offset <= (this.position?.offset ?? 0)) this.faults.push(`${offset} of the latest came again`);
      gap.kept++;
      this.position = { epoch, offset };
      return;
    }
    this.close();
    if (this.position && (this.position.epoch !== epoch || this.position.offset + 1 !== offset)) {
      this.faults.push(`${epoch}/${offset} came after ${this.position.epoch}/${this.position.offset}`);
    }
    this.position = { epoch, offset };
  }

  #checkGap(gap: Gap): void {
    this.#held('a gap');
    this.close();
    const { from } = gap;
    const known = this.position ?? from;
    if (known.epoch !== from.epoch || known.offset !== from.offset) {
      this.faults.push(`a gap from ${from.epoch}/${from.offset} at ${known.epoch}/${known.offset}`);
    }
    if (gap.lost === 0) this.faults.push('a gap of nothing');
    this.#gap = { ...gap, kept: 0 };
    this.position = gap.from.epoch === gap.to.epoch ? gap.from : { epoch: gap.to.epoch, offset: 0 };
  }

  /** No more latest messages of the gap arrive: `lost` must equal the number of missing messages. */
  close(): void {
    if (!this.#gap) return;
    const { from, to, lost, kept } = this.#gap;
    this.#gap = undefined;
    this.position = to;
    const missing = from.epoch === to.epoch ? to.offset - from.offset - kept : undefined;
    if (lost !== missing) this.faults.push(`${lost} lost, of ${missing}`);
  }

  #held(what: string): void {
    if (this.mend) this.faults.push(`${what} came while a gap was being mended`);
  }
}

const small = fc.integer({ min: 1, max: 5 });
const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('publish' as const), count: small }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      repeat: fc.nat(4),
      most: fc.integer({ min: 1, max: 9 }),
      split: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('join' as const), rewind: fc.option(fc.nat(8)), slow: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), back: fc.nat(8), slow: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), count: small }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('skip' as const), every: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('mend' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly gateway = new FakeGateway();
  readonly model = new ModelGateway();
  readonly client = this.gateway.client();
  readonly readers: Reader[] = [];
  readonly errors: string[] = [];

  async start(): Promise<void> {
    this.client.on('error', (error) => this.errors.push(error.message));
    this.model.publish(3);
    this.join({ rewind: 2 });
    await turn();
    await this.gateway.socket.accept({ heartbeat: 1e9 });
  }

  join(start: Start & { slow?: boolean }): void {
    this.readers.push(new Reader(this.client, this.model.channel, start));
  }

  async run(step: Action): Promise<void> {
    const { model } = this;
    const { socket } = this.gateway;
    if (step.do === 'publish') model.publish(step.count);
    if (step.do === 'deliver') model.deliver(socket, step);
    if (step.do === 'answer') model.answer(socket);
    if (step.do === 'drop') await this.#reconnect();
    if (step.do === 'join') this.join({ slow: step.slow, ...(step.rewind !== null && { rewind: step.rewind }) });
    if (step.do === 'resume')
      this.join({ slow: step.slow, position: { epoch: model.name, offset: Math.max(0, model.head - step.back) } });
    if (step.do === 'leave') this.readers[step.which]?.subscription.unsubscribe();
    if (step.do === 'trim') model.trim(step.count);
    if (step.do === 'skip') model.skip(socket, step);
    if (step.do === 'mend') for (const reader of this.readers) reader.mend?.();
    if (step.do === 'restart') model.restart();
    await turn();
  }

  /** Runs until all subscribers have all messages. */
  async settle(): Promise<void> {
    for (let round = 0; round < 40; round++) {
      this.model.answer(this.gateway.socket);
      await turn();
      this.model.deliver(this.gateway.socket);
      for (const reader of this.readers) reader.mend?.();
      await turn();
    }
  }

  async #reconnect(): Promise<void> {
    await pass(5000); // the connection has lasted, so the backoff is reset
    this.gateway.socket.drop();
    this.model.begin();
    await pass(500);
    await this.gateway.socket.accept({ heartbeat: 1e9 });
  }
}

it('delivers every offset to every subscriber once and in order, or a gap that covers it', async () => {
  let handed = 0;
  let stood = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (steps) => {
      const world = new World();
      await world.start();
      for (const step of steps) await world.run(step);
      await world.settle();
      expect(world.errors).toEqual([]);
      for (const reader of world.readers) {
        reader.close();
        const { faults, position, subscription, messages } = reader;
        handed += messages;
        expect(faults).toEqual([]);
        if (subscription.state === 'ended') continue;
        const { name: epoch, head: offset } = world.model;
        expect(subscription.position).toEqual({ epoch, offset });
        // A subscriber without any message must be at the head as well, or it would miss messages.
        if (!position) continue;
        stood++;
        expect(position).toEqual({ epoch, offset });
      }
      world.client.close();
    }),
    { numRuns: 200 },
  );
  expect(handed).toBeGreaterThan(200);
  expect(stood).toBeGreaterThan(100);
});
