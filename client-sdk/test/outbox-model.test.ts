import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Outgoing } from '../src/outbox/api.ts';
import { FakeClient, type Flight } from './support/fake-client.ts';
import { pass, turn } from './support/fake-gateway.ts';
import { microtasks, type Tab, TestBrowser } from './support/outbox-world.ts';

const WINDOW = 300_000;
const CHANNELS = ['a', 'b'];

/** The gateway, as far as a publisher can tell: logs, and keys that it remembers for the window. */
class ModelGateway {
  readonly logs = new Map<string, string[]>(CHANNELS.map((channel) => [channel, []]));
  readonly refused = new Set<string>();
  readonly #keys = new Map<string, number>();

  take({ channel, key, data }: Flight): 'accept' | 'refuse' {
    if (data === 'bad') {
      this.refused.add(key);
      return 'refuse';
    }
    const known = this.#keys.get(key);
    if (known === undefined || Date.now() >= known + WINDOW) {
      this.#keys.set(key, Date.now());
      this.logs.get(channel)?.push(key);
    }
    return 'accept';
  }
}

interface Published {
  /** Which of the tabs, whatever page it held. */
  readonly slot: number;
  readonly tab: Tab;
  readonly outgoing: Outgoing;
}

class World {
  readonly browser = new TestBrowser();
  readonly gateway = new ModelGateway();
  readonly published: Published[] = [];
  readonly tabs: Tab[];

  constructor(count: number) {
    this.tabs = Array.from({ length: count }, () => this.browser.open(new FakeClient()));
  }

  tab(index: number): Tab {
    const tab = this.tabs[index % this.tabs.length];
    if (!tab) throw new Error('there is no tab');
    return tab;
  }

  reload(index: number, isDone: boolean): void {
    const old = this.tab(index);
    old.kill(isDone);
    this.tabs[this.tabs.indexOf(old)] = this.browser.open(new FakeClient());
  }

  /** The gateway reads the oldest of what a tab has sent. */
  read(index: number, answers: boolean): void {
    const [flight] = this.tab(index).client.flights;
    if (!flight) return;
    const verdict = this.gateway.take(flight);
    if (!answers) this.tab(index).client.offline();
    else if (verdict === 'accept') flight.accept();
    else flight.refuse('permission_denied');
  }

  /** Everybody is online, and the gateway answers everything, until nothing is left to do. */
  async heal(): Promise<void> {
    for (let round = 0; round < 200; round++) {
      for (const [index, { client }] of this.tabs.entries()) {
        client.online();
        await turn();
        this.read(index, true);
        await turn();
      }
      const idle = this.tabs.every(({ client, outbox }) => {
        return client.flights.length === 0 && outbox.messages.every(({ status }) => status === 'refused');
      });
      if (idle) return;
      await pass(1000);
    }
    throw new Error('messages are stuck');
  }
}

type Step =
  | { readonly do: 'publish'; readonly tab: number; readonly channel: string; readonly bad: boolean }
  | { readonly do: 'online' | 'offline' | 'answer' | 'swallow' | 'busy'; readonly tab: number }
  | { readonly do: 'reload'; readonly tab: number; readonly isDone: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'microtasks'; readonly count: number };

const tab = fc.nat({ max: 1 });
const channel = fc.constantFrom(...CHANNELS);
const bad = fc.nat(5).map((n) => n === 0);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), tab, channel, bad }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('online' as const, 'answer' as const), tab }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('offline' as const, 'swallow' as const, 'busy' as const), tab }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const), tab, isDone: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1000, 60_000, 400_000) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('microtasks' as const), count: fc.nat(30) }) },
);

async function run(world: World, next: Step): Promise<void> {
  if (next.do === 'publish') {
    const where = world.tab(next.tab);
    const slot = next.tab % world.tabs.length;
    world.published.push({ slot, tab: where, outgoing: where.outbox.publish(next.channel, next.bad ? 'bad' : 'good') });
  } else if (next.do === 'pass') await pass(next.ms);
  else if (next.do === 'microtasks') await microtasks(next.count);
  else if (next.do === 'online') world.tab(next.tab).client.online();
  else if (next.do === 'offline') world.tab(next.tab).client.offline();
  else if (next.do === 'reload') world.reload(next.tab, next.isDone);
  else if (next.do === 'busy') {
    const [flight] = world.tab(next.tab).client.flights;
    flight?.refuse('rate_limited', { code: 4311, retryable: true, retryAfter: 100 });
  } else world.read(next.tab, next.do === 'answer');
}

function check({ browser, gateway, published, tabs }: World): void {
  const logged = [...gateway.logs.values()].flat();
  expect(new Set(logged).size, 'none appears twice').toBe(logged.length);
  const orders = (keys: readonly string[]) => keys.map((key) => browser.everStored.get(key) ?? 0);
  for (const log of gateway.logs.values()) {
    for (const slot of [0, 1]) {
      // Two tabs that publish at the same moment may see two orders; each keeps its own, over reloads too.
      const mine = published.filter((one) => one.slot === slot).map(({ outgoing }) => outgoing.key);
      const order = orders(log.filter((key) => mine.includes(key)));
      expect(order, 'in the order of the disk').toEqual([...order].sort((a, b) => a - b));
    }
  }
  const lists = tabs.map(({ outbox }) =>
    outbox.messages.map(({ error, ...rest }) => ({ ...rest, error: error?.name })),
  );
  const [list] = lists;
  for (const other of lists) expect(other, 'all tabs agree').toEqual(list);
  const refused = new Map(list?.map(({ key, error }) => [key, error]));
  for (const { tab, outgoing } of published) {
    const { key } = outgoing;
    const why = refused.get(key);
    // What a tab had not stored yet when it died, it took with it.
    if (!browser.everStored.has(key)) expect(tab.alive, 'only a dead tab loses what it had not stored').toBe(false);
    else if (!why) expect(logged, 'what has left the outbox is on the gateway').toContain(key);
    else if (why !== 'outcome_unknown') expect([logged.includes(key), gateway.refused.has(key)]).toEqual([false, true]);
    if (tab.alive) expect(outgoing.status).toBe(why ? 'refused' : 'accepted');
  }
  expect(browser.records.size, 'the disk holds what the list does').toBe(refused.size);
}

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it.each([1, 2])(
  'whatever happens to %i tab(s), each message appears once and in order, or is refused visibly',
  async (count) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        vi.useFakeTimers({ now: 1_000_000_000 });
        const world = new World(count);
        for (const next of steps) await run(world, next);
        await turn();
        await world.heal();
        await turn();
        check(world);
      }),
      { numRuns: 100 },
    );
  },
  60_000,
);
