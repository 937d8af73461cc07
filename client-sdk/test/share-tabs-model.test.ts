import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Subscription } from '../src/channel-api.ts';
import { pass, turn } from './support/fake-gateway.ts';
import { unsigned } from './support/small-gateway.ts';
import { type OpenTab, Tabs, type Way } from './support/tabs.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const CHANNELS = ['a', 'b'] as const;
const channel = fc.constantFrom(...CHANNELS);
const which = fc.nat(5);
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('backend' as const), channel, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), channel, which }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('subscribe' as const), channel, which, rewind: fc.option(fc.nat(8)) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unsubscribe' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill holder' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('thaw' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 20, 300, 4000, 12_000) }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

interface Reader {
  readonly owner: OpenTab;
  readonly channel: string;
  readonly offsets: number[];
  readonly gaps: unknown[];
  readonly subscription: Subscription;
}

class World {
  readonly tabs: Tabs;
  readonly way: Way;
  open: OpenTab[] = [];
  readonly readers: Reader[] = [];
  readonly publishes: Promise<number>[] = [];
  readonly errors: string[] = [];
  sent = 0;

  constructor(way: Way) {
    this.way = way;
    this.tabs = new Tabs(way);
    this.add();
  }

  add(): void {
    if (this.open.length >= 5) return;
    const tab = this.tabs.open({ token: () => unsigned({ sub: 'ada', exp: Date.now() / 1000 + 1e6 }) });
    // A hole would be reported here, before a reconnect repairs it.
    tab.client.on('error', (error) => this.errors.push(error.message));
    void tab.client.connect().catch(() => {});
    this.open.push(tab);
  }

  async run(step: Action): Promise<void> {
    const { gateway } = this.tabs;
    const tab = 'which' in step ? this.open[step.which % Math.max(1, this.open.length)] : undefined;
    const running = tab?.page.state === 'running' ? tab : undefined;
    if (step.do === 'backend')
      for (let n = 0; n < step.count; n++) gateway.publish(step.channel, `backend ${++this.sent}`);
    if (step.do === 'publish' && running) this.#publish(running, step.channel);
    if (step.do === 'subscribe' && running) this.#subscribe(running, step.channel, step.rewind);
    if (step.do === 'unsubscribe' && running) {
      this.readers
        .findLast(({ owner, subscription }) => owner === running && subscription.state === 'live')
        ?.subscription.unsubscribe();
    }
    if (step.do === 'open') this.add();
    if (step.do === 'kill' && tab) this.#kill(tab);
    if (step.do === 'kill holder') this.#killHolder();
    if (step.do === 'freeze' && tab && this.way === 'leader') tab.page.freeze();
    if (step.do === 'thaw') this.thaw();
    if (step.do === 'cut') gateway.cut();
    if (step.do === 'wait') await pass(step.ms);
    await turn();
  }

  thaw(): void {
    for (const { page } of this.open) if (page.state === 'frozen') page.thaw();
  }

  #publish({ client }: OpenTab, name: string): void {
    const data = `tab ${++this.sent}`;
    const publish = client.channel(name).publish(data, { timeout: 1e8 });
    this.publishes.push(
      publish.then(
        () => this.tabs.gateway.log(name).filter((message) => message.data === data).length,
        // The tab has died.
        () => 1,
      ),
    );
  }

  #subscribe(owner: OpenTab, name: string, rewind: number | null): void {
    const offsets: number[] = [];
    const gaps: unknown[] = [];
    const subscription = owner.client.channel(name).subscribe(({ offset }) => offsets.push(offset), {
      ...(rewind !== null && { rewind }),
      onGap: (gap) => void gaps.push(gap),
    });
    this.readers.push({ owner, channel: name, offsets, gaps, subscription });
  }

  #kill(tab: OpenTab): void {
    this.open = this.open.filter((other) => other !== tab);
    this.tabs.kill(tab);
  }

  #killHolder(): void {
    if (this.way === 'worker') this.tabs.killWorker();
    else if (this.open[0]) this.#kill(this.open[0]);
  }
}

it.each(['worker', 'leader'] as const)(
  'delivers every message to every tab once and in order, even if tabs die (%s)',
  async (way) => {
    let handed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 60 }), async (steps) => {
        const world = new World(way);
        await turn();
        for (const step of steps) await world.run(step);
        world.thaw();
        world.add();
        await pass(60_000);
        for (const name of CHANNELS) world.tabs.gateway.publish(name, 'last');
        await pass(10);

        expect(world.errors).toEqual([]);
        for (const { owner, channel: name, offsets, gaps, subscription } of world.readers) {
          handed += offsets.length;
          const [first = 0] = offsets;
          expect([gaps, offsets]).toEqual([[], offsets.map((_, n) => first + n)]);
          if (!world.open.includes(owner) || subscription.state === 'ended') continue;
          expect(subscription.state).toBe('live');
          expect(offsets.at(-1)).toBe(world.tabs.gateway.log(name).length);
        }
        expect(world.open.map(({ client }) => client.state)).toEqual(world.open.map(() => 'connected'));
        expect(world.tabs.gateway.connections).toHaveLength(1);
        for (const { client } of world.open) client.close();
        expect(new Set([1, ...(await Promise.all(world.publishes))])).toEqual(new Set([1]));
        await pass(10_000);
        expect(world.tabs.gateway.connections).toEqual([]);
      }),
      { numRuns: 100 },
    );
    expect(handed).toBeGreaterThan(200);
  },
);
