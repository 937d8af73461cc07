import type { Message } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Log, Page } from '../engine/engine.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { ManualClock } from '../util/clock.ts';
import { Expiry } from './expiry.ts';
import { readHistory } from './history.ts';

/** Nothing expires unless a test says so. */
const reading = { expiry: new Expiry(new ManualClock()) };

function engineWith(count: number, { keep = 1_000, size = 1 } = {}): MemoryEngine {
  const clock = new ManualClock();
  const engine = new MemoryEngine({ clock });
  for (let at = 1; at <= count; at++) {
    const entry = { id: `m${at}`, time: clock.now(), data: 'x'.repeat(size) };
    engine.append('a', entry, { retention: { count: keep, age: 60_000 }, window: 0 });
  }
  return engine;
}

/** The same log, answering later. */
const late = (log: Log): Log => ({ ...log, read: async (...given) => log.read(...given) }) as Log;

const offsets = ({ messages }: { messages: readonly Message[] }) => messages.map(({ offset }) => offset);

describe('a page of history', () => {
  it.each([
    ['the newest', {}, [4, 5, 6, 7, 8, 9, 10]],
    ['the newest two', { limit: 2 }, [9, 10]],
    ['the oldest two', { after: 0, limit: 2 }, [4, 5]],
    ['after one', { after: 5, limit: 3 }, [6, 7, 8]],
    ['after the last', { after: 10 }, []],
    ['after what will come', { after: 99 }, []],
    ['before one', { before: 8, limit: 2 }, [6, 7]],
    ['before the oldest', { before: 4 }, []],
    ['before what is gone', { before: 2 }, []],
    ['before the beginning', { before: 0 }, []],
    ['before what will come', { before: 99, limit: 2 }, [9, 10]],
  ])('holds %s', async (_, query, expected) => {
    const engine = engineWith(10, { keep: 7 });
    for (const log of [engine, late(engine)]) {
      const page = await readHistory(log, 'a', query, reading);
      expect(page).toMatchObject({ head: 10, first: 4 });
      expect(offsets(page)).toEqual(expected);
    }
  });

  it('holds a hundred where nobody says how many', async () => {
    expect(offsets(await readHistory(engineWith(300), 'a', {}, reading))).toHaveLength(100);
  });

  it('is empty where nothing was ever published', async () => {
    expect(await readHistory(engineWith(0), 'a', {}, reading)).toMatchObject({ head: 0, first: 1, messages: [] });
  });

  it('ends at 256 KiB, at the side that was asked for', async () => {
    const engine = engineWith(20, { size: 60_000 });
    expect(offsets(await readHistory(engine, 'a', { after: 0 }, reading))).toEqual([1, 2, 3, 4]);
    expect(offsets(await readHistory(engine, 'a', {}, reading))).toEqual([17, 18, 19, 20]);
    expect(offsets(await readHistory(engine, 'a', { before: 11 }, reading))).toEqual([7, 8, 9, 10]);
  });

  it('holds one message at least, however large', async () => {
    const engine = engineWith(3, { size: 400_000 });
    expect(offsets(await readHistory(engine, 'a', { after: 0 }, reading))).toEqual([1]);
    expect(offsets(await readHistory(engine, 'a', {}, reading))).toEqual([3]);
  });

  it.each<[string, Parameters<typeof readHistory>[2]]>([
    ['forwards', { after: 0, limit: 1_000 }],
    ['backwards', { limit: 1_000 }],
  ])('fetches little more from the engine than it holds, %s', async (_, query) => {
    const engine = engineWith(2_000, { size: 60_000, keep: 2_000 });
    let fetched = 0;
    const log = {
      ...late(engine),
      read: async (...given: Parameters<Log['read']>) => {
        const page = engine.read(...given);
        fetched += page.messages.length;
        return page;
      },
    };
    expect(offsets(await readHistory(log, 'a', query, reading))).toHaveLength(4);
    expect(fetched).toBeLessThanOrEqual(16);
  });

  it('holds the same whatever sizes its messages have', async () => {
    const sizes = fc.array(fc.constantFrom(1, 100, 10_000, 100_000, 300_000), { minLength: 1, maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 100 }), fc.boolean(), async (all, limit, back) => {
        const clock = new ManualClock();
        const engine = new MemoryEngine({ clock });
        for (const [at, size] of all.entries()) {
          const entry = { id: `m${at}`, time: clock.now(), data: 'x'.repeat(size) };
          engine.append('a', entry, { retention: { count: 1_000, age: 60_000 }, window: 0 });
        }
        const { messages } = engine.read('a', 0, 1_000);
        const expected: number[] = [];
        let bytes = 0;
        for (const message of back ? messages.toReversed() : messages) {
          bytes += message.json.length;
          if (expected.length === limit || (bytes > 262_144 && expected.length > 0)) break;
          expected.push(message.offset);
        }
        let reads = 0;
        const counted = {
          ...late(engine),
          read: async (...given: Parameters<Log['read']>) => {
            reads++;
            return engine.read(...given);
          },
        };
        const page = await readHistory(counted, 'a', back ? { limit } : { after: 0, limit }, reading);
        expect(offsets(page)).toEqual(back ? expected.reverse() : expected);
        expect(reads).toBeLessThan(8); // a hundred messages, by sixteen at least
      }),
      { numRuns: 60 },
    );
  });

  it('ends where the log has lost what follows, or begins a new life', async () => {
    const engine = engineWith(40);
    const shifted = (change: Partial<Page>): Log => ({
      ...late(engine),
      read: async (channel, after, limit) => ({ ...engine.read(channel, after, limit), ...(after > 0 ? change : {}) }),
    });
    expect(offsets(await readHistory(shifted({ epoch: 'another' }), 'a', { after: 0 }, reading))).toHaveLength(16);
    expect(offsets(await readHistory(shifted({ first: 30 }), 'a', { after: 0 }, reading))).toHaveLength(16);
  });

  it('holds what the log had, where it begins a new life before the first message was read', async () => {
    const engine = engineWith(5);
    const reborn: Log = {
      ...late(engine),
      read: async (channel, after, limit) =>
        limit === 0 ? engine.read(channel, after, limit) : { epoch: 'another', head: 0, first: 1, messages: [] },
    };
    expect(await readHistory(reborn, 'a', {}, reading)).toMatchObject({
      epoch: engine.read('a', 0, 0).epoch,
      messages: [],
    });
  });

  it('leads on to the next, in both directions, until everything was read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(60),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (count, keep, limit) => {
          const engine = engineWith(count, { keep });
          const kept = Array.from({ length: Math.min(count, keep) }, (_, at) => count - Math.min(count, keep) + 1 + at);
          const forwards: number[] = [];
          for (let page = await readHistory(engine, 'a', { after: 0, limit }, reading); page.messages.length > 0; ) {
            forwards.push(...offsets(page));
            page = await readHistory(engine, 'a', { after: forwards.at(-1) ?? 0, limit }, reading);
          }
          const backwards: number[] = [];
          for (let page = await readHistory(engine, 'a', { limit }, reading); page.messages.length > 0; ) {
            backwards.unshift(...offsets(page));
            page = await readHistory(engine, 'a', { before: backwards[0] ?? 0, limit }, reading);
          }
          expect([forwards, backwards]).toEqual([kept, kept]);
        },
      ),
    );
  });
});
