import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Outgoing } from '../src/outbox/message-api.ts';
import { FakeClient, type Flight } from './support/fake-client.ts';
import { pass, turn } from './support/fake-gateway.ts';
import { type Fault, microtasks, type Tab, TestBrowser } from './support/test-browser.ts';

const WINDOW = 300_000;
const CHANNELS = ['a', 'b'];

/** The gateway from a publisher's view: logs, and keys that it remembers for the dedupe window. */
class ModelGateway {
  readonly logs = new Map<string, string[]>(CHANNELS.map((channel) => [channel, []]));
  readonly refused = new Set<string>();
  readonly #keys = new Map<string, number>();

  receive({ channel, key, data }: Flight): 'accept' | 'refuse' {
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
  /** The number of the tab, across its pages. */
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

  /** The gateway handles the oldest publish of a tab. */
  read(index: number, answers: boolean): void {
    const [flight] = this.tab(index).client.flights;
    if (!flight) return;
    const answer = this.gateway.receive(flight);
    if (!answers) this.tab(index).client.offline();
    else if (answer === 'accept') flight.accept();
    else flight.refuse('permission_denied');
  }

  /** All tabs are online, and disk and gateway work, until nothing is left to do. */
  async heal(): Promise<void> {
    this.browser.broken = undefined;
    this.browser.keepsNotes = true;
    for (const tab of this.tabs) {
      tab.faults.length = 0;
      tab.wake();
    }
    for (let round = 0; round < 200; round++) {
      for (const [index, { client }] of this.tabs.entries()) {
        client.online();
        await turn();
        this.read(index, true);
        await turn();
      }
      const idle = this.tabs.every(({ client, outbox, hasDisk }) => {
        const isDone = outbox.messages.every(({ status, stored }) => status === 'refused' && stored);
        return hasDisk && client.flights.length === 0 && isDone && outbox.persistent;
      });
      const [list, ...others] = this.tabs.map(({ outbox }) => outbox.messages.map(({ key }) => key).join());
      // A step that hangs times out after some seconds.
      if (idle && round > 15 && others.every((other) => other === list)) return;
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
  | { readonly do: 'microtasks'; readonly count: number }
  | { readonly do: 'fault'; readonly tab: number; readonly after: number; readonly fault: Fault }
  | { readonly do: 'lose disk'; readonly tab: number; readonly tells: boolean }
  | { readonly do: 'break disk' | 'keep notes'; readonly on: boolean }
  | { readonly do: 'delete disk' };

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

const diskStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: step },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      tab,
      after: fc.nat(4),
      fault: fc.constantFrom<Fault[]>('fail', 'fail-after', 'hang', 'hang-after'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lose disk' as const), tab, tells: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('break disk' as const, 'keep notes' as const), on: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete disk' as const) }) },
);

function runOnDisk({ browser, tab }: { browser: TestBrowser; tab(index: number): Tab }, next: Step): void {
  if (next.do === 'fault') {
    const { faults } = tab(next.tab);
    while (faults.length < next.after) faults.push(undefined);
    faults[next.after] = next.fault;
  } else if (next.do === 'lose disk') tab(next.tab).loseDisk(next.tells);
  else if (next.do === 'break disk') browser.broken = next.on ? new Error('the disk is full') : undefined;
  else if (next.do === 'keep notes') browser.keepsNotes = next.on;
  else if (next.do === 'delete disk') browser.delete();
}

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
  else if (next.do === 'answer' || next.do === 'swallow') world.read(next.tab, next.do === 'answer');
  else if (next.do === 'busy') {
    const [flight] = world.tab(next.tab).client.flights;
    flight?.refuse('rate_limited', { code: 4311, retryable: true, retryAfter: 100 });
  } else runOnDisk({ browser: world.browser, tab: (index) => world.tab(index) }, next);
}

function check({ browser, gateway, published, tabs }: World, readable: boolean): void {
  const logged = [...gateway.logs.values()].flat();
  expect(new Set(logged).size, 'none appears twice').toBe(logged.length);
  for (const log of gateway.logs.values()) {
    // Two tabs that publish at the same time may see different orders. Each keeps its own order,
    // even after a reload. A page that cannot read the disk does not know what earlier pages
    // stored.
    for (const whose of new Set(published.map(({ slot, tab }) => (readable ? slot : tab)))) {
      const mine = published.filter(({ slot, tab }) => slot === whose || tab === whose);
      const keys = mine.map(({ outgoing }) => outgoing.key);
      const order = log.flatMap((key) => (keys.includes(key) ? [keys.indexOf(key)] : []));
      expect(order, 'in the order of the calls').toEqual([...order].sort((a, b) => a - b));
    }
  }
  const lists = tabs.map(({ outbox }) =>
    outbox.messages.map(({ error, ...rest }) => ({ ...rest, until: undefined, error: error?.name })),
  );
  const [list] = lists;
  for (const other of lists) expect(other, 'all tabs agree').toEqual(list);
  const refused = new Map(list?.map(({ key, error }) => [key, error]));
  for (const { tab, outgoing } of published) {
    const { key } = outgoing;
    const why = refused.get(key);
    // Messages that a tab had not stored before it died are lost.
    const isLost = !browser.everStored.has(key) || browser.deleted.has(key);
    if (isLost && !tab.alive) continue;
    if (!why) expect(logged, 'what has left the outbox is on the gateway').toContain(key);
    else if (why !== 'outcome_unknown') expect([logged.includes(key), gateway.refused.has(key)]).toEqual([false, true]);
    if (tab.alive) expect(outgoing.status).toBe(why ? 'refused' : 'accepted');
  }
  expect(browser.records.size, 'the disk holds what the list does').toBe(refused.size);
  expect(browser.notes.size, 'nothing is left in the ledger').toBe(0);
  for (const { outbox } of tabs)
    expect([outbox.persistent, outbox.messages.every(({ stored }) => stored)]).toEqual([true, true]);
}

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const RUNS = Number(process.env.SLUICE_MODEL_RUNS ?? 100);

async function hold(count: number, steps: fc.Arbitrary<Step>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 60, size: 'max' }), async (script) => {
      vi.useFakeTimers({ now: 1_000_000_000 });
      const world = new World(count);
      for (const next of script) await run(world, next);
      await turn();
      await world.heal();
      await turn();
      check(world, steps === step);
    }),
    { numRuns: RUNS },
  );
}

it.each([1, 2])(
  'every message of %i tab(s) appears once and in order, or is visibly refused, whatever happens',
  (count) => hold(count, step),
  60_000,
);

it.each([1, 2])(
  'every message of %i tab(s) appears once and in order, and survives in a live page, whatever the disk does',
  (count) => hold(count, diskStep),
  60_000,
);
