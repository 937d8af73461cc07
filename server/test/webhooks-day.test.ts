import { EVERY } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { EventBus } from '../src/events.ts';
import { CallFailed } from '../src/outgoing/call-failed.ts';
import type { HttpClient } from '../src/outgoing/http-client.ts';
import { ManualClock } from '../src/util/clock.ts';
import type { WebhookConfig } from '../src/webhook.ts';
import { Endpoint } from '../src/webhooks/endpoint.ts';

const DAY = 86_400_000;
const STEP = 10_000;
const TICK = 2_500;

interface CloudEvent {
  readonly type: string;
  readonly id: string;
  readonly data: { readonly n?: number; readonly from?: { offset: number }; readonly to?: { offset: number } };
}

/** What is received by a service that is down now and then, and may crash after it has received something. */
class Service {
  readonly received: CloudEvent[] = [];
  /** What the sender knows to be received. */
  readonly confirmed = new Set<number>();
  state: 'up' | 'down' | 'silent' | 'crashes' = 'up';

  answer(body: string, clock: ManualClock): Promise<void> {
    if (this.state === 'down') return Promise.reject(new CallFailed('unreachable', 'refused'));
    if (this.state === 'silent') {
      return new Promise((_, reject) => void clock.after(5_000, () => reject(new CallFailed('timeout', 'late'))));
    }
    const events = JSON.parse(body) as CloudEvent[];
    this.received.push(...events);
    if (this.state === 'crashes') return Promise.reject(new CallFailed('unreachable', 'reset'));
    for (const { data } of events) if (data.n !== undefined) this.confirmed.add(data.n);
    return Promise.resolve();
  }
}

/** A node that can be killed: from then on nothing of it has an effect, and nothing is released. */
class Node {
  readonly endpoint: Endpoint;
  isDead = false;

  constructor(engine: MemoryEngine, { clock, service, config }: Pick<Day, 'clock' | 'service' | 'config'>) {
    const mortal = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (_, name) => {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...given: unknown[]) => (this.isDead ? new Promise(() => {}) : value.apply(target, given));
        },
      });
    const client = { post: ({ body }: { body: string }) => service.answer(body, clock) } as unknown as HttpClient;
    this.endpoint = new Endpoint(config, {
      ...{ log: mortal(engine.log), groups: mortal(engine.groups), client: mortal(client), events: new EventBus() },
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        after: (delay, task) => clock.after(delay, () => !this.isDead && task()),
      },
    });
    this.endpoint.start();
  }
}

/** A day of one endpoint, on two nodes. */
class Day {
  readonly clock = new ManualClock();
  readonly service = new Service();
  readonly config: WebhookConfig;
  readonly #engine = new MemoryEngine({ clock: this.clock });
  #nodes: Node[];
  #recorded = 0;

  constructor(keep: WebhookConfig['keep']) {
    this.config = {
      ...{
        name: 'crm',
        url: 'https://crm.example',
        keys: [],
        events: ['message.published'],
        channels: [],
        where: EVERY,
      },
      ...{ debounce: 0, timeout: 5_000, batch: 50, keep },
    };
    this.#nodes = [this.#start(), this.#start()];
  }

  #start(): Node {
    return new Node(this.#engine, this);
  }

  record(): void {
    this.#nodes[this.#recorded % 2]?.endpoint.record({ type: 'message.published', data: { n: ++this.#recorded } });
  }

  get recorded(): number {
    return this.#recorded;
  }

  /** `kill -9` of the node that sends; another one is started in its place. */
  killSender(): void {
    const at = this.#nodes.findIndex(({ endpoint }) => endpoint.status.sending);
    const node = this.#nodes[at];
    if (node === undefined) return;
    node.isDead = true;
    this.#nodes = this.#nodes.with(at, this.#start());
  }

  /** Time passes in steps that are shorter than those of the sender, so that it can act in between. */
  async pass(duration: number, tick = TICK): Promise<void> {
    for (let passed = 0; passed < duration; passed += tick) {
      this.clock.advance(tick);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Until the endpoint has received everything. */
  async finish(): Promise<void> {
    this.service.state = 'up';
    for (let step = 0; step < 2_000; step++) {
      await this.pass(STEP);
      const { lag } = (await this.#nodes[0]?.endpoint.backlog()) ?? { lag: 1 };
      if (lag === 0) break;
    }
    await this.pass(STEP);
  }

  close(): void {
    for (const node of this.#nodes) node.isDead = true;
  }
}

/** Events as the endpoint has them, without repeats, which have the same id. */
function unrepeated(events: readonly CloudEvent[]): CloudEvent[] {
  const seen = new Set<string>();
  return events.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/**
 * Everything arrives in order, or gaps say exactly what is missing: they cover it, and nothing that the
 * endpoint has confirmed. What a crashed sender had taken is reported after what the log lost meanwhile.
 */
function check({ service, recorded }: Day): number {
  const events = unrepeated(service.received);
  const gaps = events.filter(({ type }) => type === 'webhook.gap').map(({ data }) => data);
  const numbers = events.flatMap(({ data: { n } }) => (n === undefined ? [] : [n]));
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  const isLost = (n: number) => gaps.some(({ from, to }) => n > (from?.offset ?? 0) && n <= (to?.offset ?? 0));
  const all = Array.from({ length: recorded }, (_, at) => at + 1);
  const delivered = new Set(numbers);
  expect(all.filter((n) => !delivered.has(n) && !isLost(n))).toEqual([]);
  expect([...service.confirmed].filter(isLost)).toEqual([]);
  return gaps.length;
}

const SERVICE = ['up', 'up', 'up', 'down', 'silent', 'crashes'] as const;

/** What happens at a step of the day. */
const EVENT = fc.record({
  at: fc.integer({ min: 0, max: DAY / STEP - 1 }),
  what: fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...SERVICE) }, fc.constant('kill' as const)),
});

async function live(day: Day, events: readonly { readonly at: number; readonly what: string }[]): Promise<void> {
  const byStep = new Map<number, string[]>();
  for (const { at, what } of events) byStep.set(at, [...(byStep.get(at) ?? []), what]);
  for (let step = 0; step < DAY / STEP; step++) {
    for (const what of byStep.get(step) ?? []) {
      if (what === 'kill') day.killSender();
      else day.service.state = what as Service['state'];
    }
    if (step % 3 === 0) day.record();
    await day.pass(STEP);
  }
  await day.finish();
}

describe('a day of a webhook whose sender and endpoint are killed', { timeout: 300_000 }, () => {
  it('delivers every event in order, if the log reaches back far enough', async () => {
    const plan = fc.array(EVENT, { minLength: 20, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(plan, async (events) => {
        const day = new Day({ count: 100_000, age: 7 * DAY });
        await live(day, events);
        day.close();
        expect(check(day)).toBe(0);
      }),
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('reports gaps with the exact range, if the log is too short', async () => {
    const plan = fc.array(EVENT, { minLength: 20, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(plan, async (events) => {
        const day = new Day({ count: 20, age: 7 * DAY });
        await live(day, events);
        day.close();
        check(day);
      }),
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('keeps the order, whenever the sender is killed', async () => {
    for (let before = 0; before < 12_000; before += 500) {
      const day = new Day({ count: 1_000, age: DAY });
      await day.pass(before, 500);
      day.service.state = 'down';
      day.record();
      await day.pass(500, 500);
      day.killSender();
      for (let at = 0; at < 60; at++) {
        day.record();
        await day.pass(500, 500);
        if (at === 10) day.service.state = 'up';
      }
      await day.finish();
      day.close();
      expect(check(day)).toBe(0);
    }
  });

  it('leaves a gap that the endpoint has not received to the next sender', async () => {
    const day = new Day({ count: 10, age: 7 * DAY });
    day.service.state = 'down';
    for (let at = 0; at < 500; at++) {
      day.record();
      await day.pass(STEP);
      if (at % 100 === 99) day.killSender();
    }
    await day.finish();
    day.close();
    expect(check(day)).toBeGreaterThan(0);
  });
});

it('a node that is killed does nothing more', async () => {
  const day = new Day({ count: 10, age: DAY });
  day.close();
  day.record();
  await day.pass(60_000);
  expect(day.service.received).toEqual([]);
});
