import type { PublishResult, ServerMessage } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AppendOptions, type Engine, EngineUnavailable, type Entry, type Log } from '../src/engine/engine.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import type { Clock } from '../src/util/clock.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const CHANNELS = {
  'log:{id}': { allow: { '*': 'users' }, history: { count: 1_000 } },
  'slow:{id}': { allow: { '*': 'users' }, history: { count: 1_000 }, rate: 2 },
} as const;

/** An engine with failing appends. */
interface Away {
  readonly away: Set<unknown>;
}

/** Fails exactly the appends with data in `away`. */
class FlakyEngine extends MemoryEngine implements Away {
  readonly away = new Set<unknown>();

  override append(channel: string, entry: Entry, options: AppendOptions): PublishResult {
    if (this.away.delete(entry.data)) throw new EngineUnavailable('the engine is away');
    return super.append(channel, entry, options);
  }
}

/**
 * The same some turns later, like a remote engine. It also refuses the appends that follow a refused
 * one.
 */
class DelayedEngine implements Engine, Log, Away {
  readonly name = 'delayed';
  readonly log: Log = this;
  readonly away = new Set<unknown>();
  readonly #inner: MemoryEngine;
  #waiting: { readonly run: () => void; readonly refuse: () => void; readonly data: unknown }[] = [];

  constructor(inner: MemoryEngine) {
    this.#inner = inner;
  }

  get presence() {
    return this.#inner.presence;
  }

  get revocations() {
    return this.#inner.revocations;
  }

  start: Engine['start'] = (listener) => this.#inner.start(listener);
  signal: Engine['signal'] = (signal) => this.#inner.signal(signal);
  close: Engine['close'] = () => this.#inner.close();
  read: Log['read'] = (...given) => this.#inner.read(...given);
  seek: Log['seek'] = (...given) => this.#inner.seek(...given);
  watch: Log['watch'] = (channel) => this.#inner.watch(channel);
  unwatch: Log['unwatch'] = (channel) => this.#inner.unwatch(channel);

  append(channel: string, entry: Entry, options: AppendOptions): Promise<PublishResult> {
    if (this.#waiting.length === 0) setImmediate(() => setImmediate(() => this.#work()));
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        run: () => resolve(this.#inner.append(channel, entry, options)),
        refuse: () => reject(new EngineUnavailable('the engine is away')),
        data: entry.data,
      });
    });
  }

  #work(): void {
    let refusing = false;
    for (const { run, refuse, data } of this.#waiting.splice(0)) {
      refusing = this.away.delete(data) || refusing;
      if (refusing) refuse();
      else run();
    }
  }
}

const ENGINES = {
  'that answers synchronously': (clock: Clock) => new FlakyEngine({ clock }),
  'that answers later': (clock: Clock) => new DelayedEngine(new MemoryEngine({ clock })),
};

async function start(make: (clock: Clock) => Engine & Away = ENGINES['that answers synchronously']) {
  let made: Away | undefined;
  const engine = (clock: Clock) => {
    const fresh = make(clock);
    made = fresh;
    return fresh;
  };
  const world = await createWorld({ channels: CHANNELS }, { engine });
  const ada = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
  if (made === undefined) throw new Error('the engine was not created');
  return { world, ada, away: made.away };
}

const publish = (channel: string, data: number, series?: number) =>
  ({ type: 'publish', channel, data, ...(series === undefined ? undefined : { series }) }) as const;

async function logOf({ world, ada }: { world: World; ada: LoopbackPeer }, channel: string): Promise<unknown[]> {
  await world.idle();
  const page = await ada.client.result<{ messages: { data: unknown }[] }>({ type: 'history', channel });
  return page.messages.map(({ data }) => data);
}

const refusals = ({ client }: LoopbackPeer) =>
  client.received.filter(
    (received): received is Extract<ServerMessage, { type: 'error' }> => received.type === 'error',
  );

describe('publishes of one series', () => {
  it('are all refused with the same error after one that may be retried', async () => {
    const setting = await start();
    setting.away.add(2);
    setting.ada.client.send(...[1, 2, 3, 4].map((n) => publish('log:a', n, 1)));
    expect(await logOf(setting, 'log:a')).toEqual([1]);
    expect(refusals(setting.ada).map(({ error }) => error)).toMatchObject([
      { name: 'unavailable', retryAfter: 1_000 },
      { name: 'unavailable', retryAfter: 1_000, message: expect.stringContaining('"log:a" before this one') },
      { name: 'unavailable', retryAfter: 1_000, message: expect.stringContaining('"log:a" before this one') },
    ]);
  });

  it('continue with the next series', async () => {
    const setting = await start();
    setting.away.add(2);
    setting.ada.client.send(
      ...[1, 2, 3].map((n) => publish('log:a', n, 1)),
      publish('log:a', 2, 2),
      publish('log:a', 3, 2),
    );
    expect(await logOf(setting, 'log:a')).toEqual([1, 2, 3]);
  });

  it('block neither other channels nor publishes without a series', async () => {
    const setting = await start();
    setting.away.add(1);
    setting.ada.client.send(publish('log:a', 1, 1), publish('log:b', 2, 1), publish('log:a', 3));
    expect([await logOf(setting, 'log:a'), await logOf(setting, 'log:b')]).toEqual([[3], [2]]);
  });

  it('stay blocked by one that exceeded the rate of a rule', async () => {
    const setting = await start();
    const { world, ada } = setting;
    ada.client.send(...Array.from({ length: 50 }, (_, n) => publish('slow:a', n, 7)));
    const accepted = await logOf(setting, 'slow:a');
    expect(accepted.length).toBeLessThan(50);
    world.clock.advance(5_000); // the rate allows more, but the series is blocked
    ada.client.send(publish('slow:a', 50, 7));
    expect(await logOf(setting, 'slow:a')).toEqual(accepted);
    ada.client.send(publish('slow:a', accepted.length, 8));
    expect(await logOf(setting, 'slow:a')).toEqual([...accepted, accepted.length]);
  });

  it('continue after one that will never be accepted', async () => {
    const setting = await start();
    setting.ada.client.send(
      publish('log:a', 1, 1),
      { ...publish('log:a', 2, 1), tags: { n: 'x'.repeat(10_000) } },
      publish('log:a', 3, 1),
    );
    expect(await logOf(setting, 'log:a')).toEqual([1, 3]);
  });

  it('are remembered for a limited number of channels', async () => {
    const setting = await start();
    const many = Array.from({ length: 1_001 }, (_, n) => n);
    for (const n of many) {
      setting.away.add(n);
      setting.ada.client.send(publish(`log:${n}`, n, 1));
      if (n % 100 === 0) setting.world.clock.advance(60_000);
      await setting.world.idle();
    }
    setting.world.clock.advance(60_000);
    setting.ada.client.send(publish('log:0', -1, 1), publish('log:1', -1, 1));
    expect([await logOf(setting, 'log:0'), await logOf(setting, 'log:1')]).toEqual([[-1], []]);
  });

  it.each(Object.entries(ENGINES))('never overtake each other on an engine %s', async (_, make) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), fc.nat(4), async (refused, ahead) => {
        const setting = await start(make);
        for (const [n, is] of refused.entries()) if (is) setting.away.add(n);
        let left = refused.map((_, n) => n);
        for (let series = 1; left.length > 0; series++) {
          // All are sent in two frames before the first answer is read.
          const asked = left.slice(0, ahead + 1).map((n) => publish('log:a', n, series));
          setting.ada.client.send(...asked.slice(0, 2));
          if (asked.length > 2) setting.ada.client.send(...asked.slice(2));
          const there = new Set(await logOf(setting, 'log:a'));
          left = left.filter((n) => !there.has(n));
        }
        expect(await logOf(setting, 'log:a')).toEqual(refused.map((_, n) => n));
      }),
      { numRuns: 50 },
    );
  });

  it('count as consecutive refusals if they continue above a limit', async () => {
    const { world, ada } = await start();
    for (let frame = 0; frame < 3; frame++) {
      ada.client.send(...Array.from({ length: 100 }, (_, n) => publish('slow:a', n, 1)));
      await world.idle();
      world.clock.advance(1_000);
    }
    expect(ada.socket.closed).toMatchObject({ code: 4007 });
  });
});
