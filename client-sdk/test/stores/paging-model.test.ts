import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Entry, messageStore } from '../../src/stores/index.ts';
import { FakeGateway, pass, turn } from '../support/fake-gateway.ts';
import { ModelGateway } from '../support/model-gateway.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const KEEP = 6;

const small = fc.integer({ min: 1, max: 5 });
const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('publish' as const), count: small }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      repeat: fc.nat(4),
      most: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('older' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hold' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trim' as const), count: small }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('skip' as const), every: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly gateway = new FakeGateway();
  readonly model = new ModelGateway();
  readonly client = this.gateway.client();
  readonly list;
  readonly #releases: (() => void)[] = [];

  constructor(start: { readonly rewind?: number | undefined; readonly back?: number | undefined }) {
    const { rewind = 0, back } = start;
    this.model.publish(12);
    const position = back === undefined ? undefined : { epoch: this.model.name, offset: this.model.head - back };
    this.list = messageStore(this.client, this.model.channel, {
      ...(position ? { position } : { rewind }),
      keep: KEEP,
      page: 3,
    });
  }

  async start(): Promise<void> {
    this.list.subscribe(() => {});
    await turn();
    await this.gateway.socket.accept({ heartbeat: 1e9 });
  }

  get entries(): readonly Entry[] {
    return this.list.getSnapshot().entries;
  }

  async run(step: Action): Promise<void> {
    const { model } = this;
    const { socket } = this.gateway;
    if (step.do === 'publish') model.publish(step.count);
    if (step.do === 'deliver') model.deliver(socket, step);
    if (step.do === 'older') void this.list.loadOlder();
    if (step.do === 'hold') this.#releases.push(this.list.hold());
    if (step.do === 'release') this.#releases.pop()?.();
    if (step.do === 'trim') model.trim(step.count);
    if (step.do === 'skip') model.skip(socket, step);
    if (step.do === 'restart' || step.do === 'drop') {
      // A log starts a new life only when the gateway restarts.
      if (step.do === 'restart') model.restart();
      await this.reconnect();
    }
    await turn();
    if (step.do === 'answer') model.answer(this.gateway.socket);
    await turn();
  }

  async reconnect(): Promise<void> {
    // The connection has lasted, so the backoff is reset.
    await pass(5000);
    this.gateway.socket.drop();
    this.model.begin();
    await pass(500);
    await this.gateway.socket.accept({ heartbeat: 1e9 });
  }

  /** All published messages have arrived, and all older ones were read. */
  async settle(): Promise<void> {
    for (const release of this.#releases.splice(0)) release();
    for (let n = 0; n < 4; n++) await this.run({ do: 'answer' });
    this.model.deliver(this.gateway.socket);
    await turn();
    for (let n = 0; this.list.getSnapshot().hasOlder; n++) {
      if (n > 100) throw new Error('there is no end of older messages');
      await this.run({ do: 'older' });
      await this.run({ do: 'answer' });
    }
  }
}

/** The fault of a list: messages that are repeated, unordered, or missing without a gap. */
function faults(entries: readonly Entry[]): string[] {
  const wrong: string[] = [];
  if (new Set(entries.map(({ key }) => key)).size !== entries.length) wrong.push('a key is there twice');
  let last: { epoch: string; offset: number } | undefined;
  // After a gap at the front, messages that were not lost may precede the list.
  let kept: { epoch: string; offset: number } | undefined;
  for (const entry of entries) {
    if (entry.kind === 'gap') {
      kept = entry.gap.to;
      continue;
    }
    const { epoch, offset } = entry.message;
    const inGap = kept?.epoch === epoch && offset <= kept.offset;
    if (last?.epoch === epoch && offset <= last.offset) wrong.push(`${epoch}/${offset} came after ${last.offset}`);
    if (!inGap) {
      const before = kept ?? last;
      if (before && (before.epoch !== epoch || before.offset + 1 !== offset)) {
        wrong.push(`${epoch}/${offset} came without a gap after ${before.epoch}/${before.offset}`);
      }
      kept = undefined;
    }
    last = { epoch, offset };
  }
  return wrong;
}

const start = fc.oneof(fc.record({ rewind: fc.nat(8) }), fc.record({ back: fc.nat(12) })) as fc.Arbitrary<{
  rewind?: number;
  back?: number;
}>;

it('joins older pages and live messages without duplicates and holes', async () => {
  await fc.assert(
    fc.asyncProperty(start, fc.array(action, { maxLength: 60 }), async (from, actions) => {
      const world = new World(from);
      await world.start();
      for (const step of actions) {
        await world.run(step);
        expect(faults(world.entries)).toEqual([]);
      }
      await world.settle();
      // The list keeps its entries. The timers of one run must not fire in the next.
      const { entries } = world;
      world.client.close();
      const { model } = world;
      expect(faults(entries)).toEqual([]);
      const places = entries.map((entry) => (entry.kind === 'message' ? entry.message : entry.gap.to));
      const reached = places.filter(({ epoch }) => epoch === model.name).map(({ offset }) => offset);
      if (reached.length > 0) expect(Math.max(...reached)).toBe(model.head);
      const messages = entries.flatMap((entry) => (entry.kind === 'message' ? entry.message : []));
      const oldest = messages[0];
      // Everything that the log still holds is in the list, unless a gap hides older messages of
      // another life.
      if (oldest?.epoch === model.name) expect(oldest.offset).toBeLessThanOrEqual(model.first);
    }),
    { numRuns: 150 },
  );
});
