import type { Message, PublishResult } from '@sluice/protocol';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import type { AppendOptions, Engine, Entry, Signal } from './engine.ts';
import type { LoggedMessage } from './logged-message.ts';

/** Makes a fresh engine that lives by this clock; not started. */
export type MakeEngine = (clock: ManualClock) => Engine | Promise<Engine>;

/** On an engine that is far away, making a failure smaller takes longer than a test may: it is told as it is by then. */
export const TELL_IN_TIME = { interruptAfterTimeLimit: 150_000, markInterruptAsFailure: true };

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEEP: AppendOptions = { retention: { count: 1_000, age: HOUR }, window: 300_000 };
const NONE: AppendOptions = { retention: null, window: 300_000 };

/** The message, which its JSON says too. */
function checkedValue({ message, json, offset }: LoggedMessage): Message {
  expect(JSON.parse(json)).toEqual(message);
  expect(offset).toBe(message.offset);
  return message;
}

/** An engine in use, and what it announced. */
class Bench {
  readonly clock = new ManualClock();
  readonly announced: { channel: string; epoch: string; message: Message }[] = [];
  readonly signals: Signal[] = [];
  readonly #engine: Engine;
  #count = 0;

  constructor(engine: Engine, clock: ManualClock) {
    this.#engine = engine;
    this.clock = clock;
  }

  get engine(): Engine {
    return this.#engine;
  }

  async start(): Promise<this> {
    await this.#engine.start({
      deliver: (channel, epoch, logged) => this.announced.push({ channel, epoch, message: checkedValue(logged) }),
      signal: (signal) => this.signals.push(signal),
    });
    return this;
  }

  entry(more: Partial<Entry> = {}): Entry {
    return { id: `m${++this.#count}`, time: this.clock.now(), data: this.#count, ...more };
  }

  async append(channel: string, options: AppendOptions = KEEP, more: Partial<Entry> = {}): Promise<PublishResult> {
    return this.#engine.log.append(channel, this.entry(more), options);
  }

  async fill(channel: string, count: number, options: AppendOptions = KEEP): Promise<void> {
    for (let at = 0; at < count; at++) await this.append(channel, options);
  }

  async read(channel: string, after = 0, limit = 1_000) {
    const page = await this.#engine.log.read(channel, after, limit);
    return { ...page, messages: page.messages.map(checkedValue) };
  }

  async offsets(channel: string, after = 0, limit = 1_000): Promise<number[]> {
    return (await this.read(channel, after, limit)).messages.map(({ offset }) => offset);
  }

  async watch(channel: string): Promise<void> {
    await this.#engine.log.watch(channel);
  }

  /** Lets time pass in steps, so that what clears away comes round again and again. */
  async pass(duration: number, steps = 8): Promise<void> {
    for (let at = 0; at < steps; at++) {
      this.clock.advance(duration / steps);
      await this.append('elsewhere', NONE); // what came before it has been carried out
    }
  }

  /** Offsets that were announced of a channel. */
  heard(channel: string): number[] {
    return this.announced.flatMap((one) => (one.channel === channel ? [one.message.offset] : []));
  }
}

/** The suite that every engine must pass: what `engine.ts` asks of whoever implements it. */
export function testEngine(name: string, make: MakeEngine): void {
  describe(`${name} as an engine`, () => {
    let bench: Bench;

    beforeEach(async () => {
      const clock = new ManualClock();
      bench = await new Bench(await make(clock), clock).start();
      return () => bench.engine.close();
    });

    describe('append', () => {
      it('counts 1, 2, 3… in each channel by itself', async () => {
        const results = [];
        for (const channel of ['a', 'b', 'a', 'a', 'b']) results.push(await bench.append(channel));
        expect(results.map(({ offset }) => offset)).toEqual([1, 1, 2, 3, 2]);
        expect(results.map(({ id }) => id)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
      });

      it('keeps one epoch', async () => {
        const first = await bench.append('a');
        const second = await bench.append('a');
        expect(second.epoch).toBe(first.epoch);
        expect((await bench.read('a')).epoch).toBe(first.epoch);
      });

      it('keeps the order of appends that do not wait for each other', async () => {
        const results = await Promise.all(Array.from({ length: 50 }, () => bench.append('a')));
        expect(results.map(({ offset }) => offset)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
        expect((await bench.read('a')).messages.map(({ id }) => id)).toEqual(results.map(({ id }) => id));
      });

      it('keeps every field as it was', async () => {
        const more = {
          data: { text: 'привет 👋\u0000', list: [1, -0.5, 1e21, null, true, {}], 'a b': '' },
          event: 'said',
          tags: { lang: 'ru', '': '' },
          from: 'ada',
        };
        const { offset } = await bench.append('a', KEEP, more);
        const [message] = (await bench.read('a')).messages;
        expect(message).toEqual({ id: 'm1', offset, time: bench.clock.now(), ...more });
      });

      it('counts on where nothing is kept', async () => {
        await bench.fill('a', 3, NONE);
        expect(await bench.read('a')).toMatchObject({ head: 3, first: 4, messages: [] });
      });
    });

    describe('announcements', () => {
      it('come of watched channels only, in order, once, with what is in the log', async () => {
        await bench.watch('a');
        await Promise.all(Array.from({ length: 20 }, (_, at) => bench.append(at % 2 === 0 ? 'a' : 'b')));
        await expect.poll(() => bench.heard('a')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        expect(bench.heard('b')).toEqual([]);
        const { messages, epoch } = await bench.read('a');
        expect(bench.announced.map(({ message }) => message)).toEqual(messages);
        expect(new Set(bench.announced.map((one) => one.epoch))).toEqual(new Set([epoch]));
      });

      it('come where nothing is kept', async () => {
        await bench.watch('a');
        await bench.fill('a', 3, NONE);
        await expect.poll(() => bench.heard('a')).toEqual([1, 2, 3]);
      });

      it('have come when the append is answered, or come soon after', async () => {
        await bench.watch('a');
        const { offset } = await bench.append('a');
        await expect.poll(() => bench.heard('a')).toEqual([offset]);
      });

      it('end with unwatch, and begin again with watch', async () => {
        await bench.watch('a');
        await bench.append('a');
        await expect.poll(() => bench.heard('a')).toEqual([1]);
        bench.engine.log.unwatch('a');
        await bench.append('a');
        await bench.watch('a');
        await bench.append('a');
        await expect.poll(() => bench.heard('a')).toEqual([1, 3]);
      });

      it.each([
        ['begun and ended at once', async () => [bench.watch('a'), bench.engine.log.unwatch('a')], []],
        [
          'ended and begun again at once',
          async () => [bench.watch('a'), bench.engine.log.unwatch('a'), bench.watch('a')],
          [1],
        ],
        ['begun twice', async () => [bench.watch('a'), bench.watch('a')], [1]],
        [
          'begun twice and ended once',
          async () => [bench.watch('a'), bench.watch('a'), bench.engine.log.unwatch('a')],
          [],
        ],
      ] as const)('are as the last word has it where a watch is %s', async (_, ask, expected) => {
        await bench.watch('b');
        await Promise.allSettled(await ask());
        await bench.append('a');
        await bench.append('b');
        await expect.poll(() => bench.heard('b')).toEqual([1]);
        if (expected.length > 0) await expect.poll(() => bench.heard('a')).toEqual(expected);
        // What comes later than "b" would come in a moment: another round trip gives it the time.
        await bench.append('b');
        await expect.poll(() => bench.heard('b')).toEqual([1, 2]);
        expect(bench.heard('a')).toEqual(expected);
      });

      it('come to an end for each channel by itself', async () => {
        const channels = Array.from({ length: 600 }, (_, at) => `c${at}`);
        await Promise.all(channels.map((channel) => bench.watch(channel)));
        for (const channel of channels.slice(1)) bench.engine.log.unwatch(channel);
        await Promise.all(channels.map((channel) => bench.append(channel)));
        await bench.append('c0');
        await expect.poll(() => bench.heard('c0')).toEqual([1, 2]);
        expect(new Set(bench.announced.map(({ channel }) => channel))).toEqual(new Set(['c0']));
      });

      it('come of a channel that was watched before its first message, in the epoch that was read then', async () => {
        await bench.watch('a');
        const { epoch, head, first } = await bench.read('a');
        expect({ head, first }).toEqual({ head: 0, first: 1 });
        bench.clock.advance(100 * HOUR);
        expect(await bench.append('a')).toMatchObject({ epoch, offset: 1 });
      });
    });

    describe('a key', () => {
      const keyed = (key: string, window = 1_000): AppendOptions => ({ ...KEEP, key, window });

      it('appends and announces once, and gives the repeat the first answer', async () => {
        await bench.watch('a');
        const first = await bench.append('a', keyed('k'));
        const repeat = await bench.append('a', keyed('k'));
        expect(repeat).toEqual(first);
        await expect.poll(() => bench.heard('a')).toEqual([1]);
      });

      it('appends once, also when both come at the same time', async () => {
        const [first, repeat] = await Promise.all([bench.append('a', keyed('k')), bench.append('a', keyed('k'))]);
        expect(repeat).toEqual(first);
        expect((await bench.read('a')).head).toBe(1);
      });

      it('is one of its channel', async () => {
        const results = [await bench.append('a', keyed('k')), await bench.append('b', keyed('k'))];
        expect(results.map(({ id }) => id)).toEqual(['m1', 'm2']);
      });

      it('is remembered as long as its window, and no longer', async () => {
        await bench.append('a', keyed('k'));
        bench.clock.advance(999);
        expect(await bench.append('a', keyed('k'))).toMatchObject({ offset: 1 });
        bench.clock.advance(1);
        expect(await bench.append('a', keyed('k'))).toMatchObject({ offset: 2 });
      });

      it('is not prolonged by a repeat', async () => {
        await bench.append('a', keyed('k'));
        bench.clock.advance(600);
        await bench.append('a', keyed('k'));
        bench.clock.advance(600);
        expect(await bench.append('a', keyed('k'))).toMatchObject({ offset: 2 });
      });

      it('is remembered as long as its window in a log that is empty and that nobody uses', async () => {
        const keyless = { ...NONE, window: 0 };
        const first = await bench.append('a', { ...NONE, key: 'k', window: 7 * DAY });
        const short = await bench.append('b', { retention: { count: 10, age: HOUR }, key: 'k', window: 7 * DAY });
        await bench.pass(3 * DAY);
        expect(await bench.append('a', { ...NONE, key: 'k', window: 7 * DAY })).toEqual(first);
        expect(await bench.append('b', { ...NONE, key: 'k', window: 7 * DAY })).toEqual(short);
        expect(await bench.append('a', keyless)).toMatchObject({ epoch: first.epoch, offset: 2 });
      });

      it('is one of many: each is remembered by itself', async () => {
        const results = [];
        for (let at = 0; at < 30; at++) results.push(await bench.append('a', keyed(`k${at}`, 1_000 + at)));
        bench.clock.advance(1_014);
        for (let at = 29; at >= 15; at--) expect(await bench.append('a', keyed(`k${at}`))).toEqual(results[at]);
        for (let at = 0; at < 15; at++)
          expect(await bench.append('a', keyed(`k${at}`))).toMatchObject({ offset: 31 + at });
      });

      it.each([
        ['a space', 'a b', 'a', 'c', 'b c'],
        ['a separator', 'a:b', 'a', 'c', 'b:c'],
      ])('is told apart from another that has %s elsewhere', async (_, first, second, third, fourth) => {
        const results = [];
        for (const key of [`${first} ${third}`, `${second} ${fourth} `, first, second])
          results.push(await bench.append('a', keyed(key)));
        expect(results.map(({ offset }) => offset)).toEqual([1, 2, 3, 4]);
      });

      it('is remembered when its message is not kept any more', async () => {
        const short: AppendOptions = { retention: { count: 1, age: 10 }, window: 1_000, key: 'k' };
        const first = await bench.append('a', short);
        bench.clock.advance(500);
        await bench.fill('a', 3, { ...short, key: 'other' });
        expect(await bench.append('a', short)).toEqual(first);
        const nowhere = await bench.append('b', { ...NONE, key: 'k' });
        expect(await bench.append('b', { ...NONE, key: 'k' })).toEqual(nowhere);
      });
    });

    describe('retention', () => {
      const keep = (count: number, age = HOUR): AppendOptions => ({ retention: { count, age }, window: 0 });

      it('keeps the newest by count', async () => {
        await bench.fill('a', 5, keep(2));
        expect(await bench.read('a')).toMatchObject({ head: 5, first: 4, messages: [{ offset: 4 }, { offset: 5 }] });
      });

      it('keeps none that is too old, though nobody appends', async () => {
        await bench.fill('a', 2, keep(10, 1_000));
        bench.clock.advance(600);
        await bench.fill('a', 1, keep(10, 1_000));
        bench.clock.advance(400);
        expect(await bench.offsets('a')).toEqual([1, 2, 3]);
        bench.clock.advance(1);
        expect(await bench.read('a')).toMatchObject({ head: 3, first: 3 });
        bench.clock.advance(600);
        expect(await bench.read('a')).toMatchObject({ head: 3, first: 4, messages: [] });
      });

      it('of days keeps messages, epoch and offsets for days, though nobody uses the channel', async () => {
        const week = { retention: { count: 10, age: 7 * DAY }, window: 0 };
        const { epoch } = await bench.append('a', week);
        await bench.pass(3 * DAY);
        expect(await bench.read('a')).toMatchObject({ epoch, head: 1, first: 1, messages: [{ offset: 1 }] });
        await bench.pass(4 * DAY + 1);
        expect(await bench.read('a')).toMatchObject({ epoch, head: 1, first: 2, messages: [] });
        expect(await bench.append('a', week)).toMatchObject({ epoch, offset: 2 });
      });

      it.each([1, 2, 499, 500, 501])('of %i messages keeps exactly so many', async (count) => {
        await Promise.all(Array.from({ length: count }, () => bench.append('a', keep(count))));
        expect(await bench.read('a')).toMatchObject({ head: count, first: 1 });
        await bench.append('a', keep(count));
        const { first, messages } = await bench.read('a');
        expect({ first, kept: messages.length }).toEqual({ first: 2, kept: count });
      });

      it('keeps none from where a rule keeps none, and none of those before', async () => {
        await bench.fill('a', 3, keep(10));
        await bench.append('a', { retention: null, window: 0 });
        expect(await bench.read('a')).toMatchObject({ head: 4, first: 5, messages: [] });
        await bench.append('a', keep(10));
        expect(await bench.offsets('a')).toEqual([5]);
      });

      it('follows the rule of the latest append', async () => {
        await bench.fill('a', 5, keep(10));
        await bench.append('a', keep(3));
        expect(await bench.offsets('a')).toEqual([4, 5, 6]);
      });
    });

    describe('read', () => {
      it('pages forwards through everything, without holes or repeats', async () => {
        await bench.fill('a', 25);
        const seen: number[] = [];
        for (let after = 0; ; after = seen.at(-1) ?? 0) {
          const page = await bench.offsets('a', after, 7);
          if (page.length === 0) break;
          seen.push(...page);
        }
        expect(seen).toEqual(Array.from({ length: 25 }, (_, at) => at + 1));
      });

      it('pages backwards as well, because offsets have no holes', async () => {
        await bench.fill('a', 25);
        const seen: number[] = [];
        for (let before = 26; before > 1; before -= 7) {
          seen.unshift(...(await bench.offsets('a', Math.max(0, before - 8), Math.min(7, before - 1))));
        }
        expect(seen).toEqual(Array.from({ length: 25 }, (_, at) => at + 1));
      });

      it.each([
        [0, 0, []],
        [0, 2, [3, 4]],
        [1, 2, [3, 4]],
        [3, 2, [4, 5]],
        [5, 2, []],
        [99, 2, []],
        [4, 99, [5]],
      ])('after %i gives at most %i: %j', async (after, limit, expected) => {
        await bench.fill('a', 5, { retention: { count: 3, age: HOUR }, window: 0 });
        expect(await bench.offsets('a', after, limit)).toEqual(expected);
        expect(await bench.read('a', after, limit)).toMatchObject({ head: 5, first: 3 });
      });

      it('finds nothing in a channel that nobody has used', async () => {
        expect(await bench.read('a')).toMatchObject({ head: 0, first: 1, messages: [] });
      });
    });

    describe('seek', () => {
      it('finds the last message that is older', async () => {
        const start = bench.clock.now();
        for (const gap of [0, 10, 0, 5]) {
          bench.clock.advance(gap);
          await bench.append('a');
        }
        const found = [];
        for (const after of [-1, 0, 1, 10, 11, 15, 16]) found.push(await bench.engine.log.seek('a', start + after));
        expect(found).toEqual([0, 0, 1, 1, 3, 3, 4]);
      });

      it('reaches back as far as the log does', async () => {
        await bench.fill('a', 5, { retention: { count: 2, age: HOUR }, window: 0 });
        expect(await bench.engine.log.seek('a', 0)).toBe(3);
        expect(await bench.engine.log.seek('nowhere', 0)).toBe(0);
      });

      it('is right although the clocks of publishers step back', async () => {
        const start = bench.clock.now();
        for (const ago of [0, 50, 10, 0]) await bench.append('a', KEEP, { time: start - ago });
        const times = (await bench.read('a')).messages.map(({ time }) => time);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(await bench.engine.log.seek('a', start + 1)).toBe(4);
      });
    });

    describe('revocations', () => {
      it('are in force until they are over, and are signalled', async () => {
        const until = bench.clock.now() + 1_000;
        const ada = { user: 'ada', before: bench.clock.now(), until };
        const token = { jti: 'token 7', until: until + 1_000 };
        await bench.engine.revocations.add(ada);
        await bench.engine.revocations.add(token);
        await expect
          .poll(() => bench.signals)
          .toEqual([
            { type: 'revoke', revocation: ada },
            { type: 'revoke', revocation: token },
          ]);
        expect(new Set(await bench.engine.revocations.all())).toEqual(new Set([ada, token]));
        bench.clock.advance(1_000);
        expect(await bench.engine.revocations.all()).toEqual([token]);
        bench.clock.advance(1_000);
        expect(await bench.engine.revocations.all()).toEqual([]);
      });
    });

    describe.each([HOUR, -HOUR, 24 * HOUR, -24 * HOUR])('when the wall clock is set by %i ms', (by) => {
      const hourLong: AppendOptions = { retention: { count: 100, age: HOUR }, window: HOUR };

      it('remembers keys and keeps messages for as long as before, no more than a tenth less', async () => {
        const first = await bench.append('a', { ...hourLong, key: 'k' });
        bench.clock.set(by);
        bench.clock.advance(0.9 * HOUR);
        expect(await bench.append('a', { ...hourLong, key: 'k' })).toEqual(first);
        await bench.append('a', { ...hourLong, key: 'another' });
        // Another rule makes it look at what is too old.
        await bench.append('a', { ...hourLong, retention: { count: 99, age: HOUR } });
        expect((await bench.read('a')).messages).toHaveLength(3);
      });

      it('lets both go in the end', async () => {
        const first = await bench.append('a', { ...hourLong, key: 'k' });
        bench.clock.set(by);
        await bench.append('b', hourLong);
        bench.clock.advance(2 * HOUR + Math.max(0, -by) + 10 * Math.max(0, by));
        expect((await bench.read('a')).messages).toEqual([]);
        expect((await bench.read('b')).messages).toEqual([]);
        expect(await bench.append('a', { ...hourLong, key: 'k' })).not.toEqual(first);
      });

      it('keeps revocations in force', async () => {
        const revocation = { user: 'ada', until: bench.clock.now() + HOUR };
        await bench.engine.revocations.add(revocation);
        bench.clock.set(by);
        bench.clock.advance(0.9 * HOUR);
        await bench.engine.revocations.add({ user: 'ben', until: bench.clock.now() + HOUR });
        expect(await bench.engine.revocations.all()).toContainEqual(revocation);
      });
    });

    it('remembers a revocation once, however often it is added, and signals it every time', async () => {
      const revocation = { user: 'ada', before: bench.clock.now(), until: bench.clock.now() + 1_000 };
      for (let at = 0; at < 3; at++) await bench.engine.revocations.add({ ...revocation });
      await bench.engine.revocations.add({ ...revocation, user: 'ben' });
      expect((await bench.engine.revocations.all()).map(({ user }) => user).toSorted()).toEqual(['ada', 'ben']);
      await expect.poll(() => bench.signals).toHaveLength(4);
    });

    it('passes on signals, to the node that sent them too', async () => {
      await bench.engine.signal({ type: 'drain', node: 'n1' });
      await expect.poll(() => bench.signals).toEqual([{ type: 'drain', node: 'n1' }]);
    });

    it('is without trouble', () => {
      expect(bench.engine.trouble).toBeUndefined();
    });

    it('is a list with a window, whatever is done', async () => {
      const bounds = fc.record({ count: fc.integer({ min: 1, max: 6 }), age: fc.constantFrom(50, 200, HOUR) });
      const step = fc.oneof(
        fc.record({ kind: fc.constant('append' as const) }),
        fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 150 }) }),
        fc.record({ kind: fc.constant('read' as const), after: fc.nat(30), limit: fc.nat(8) }),
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.option(bounds, { freq: 4 }), fc.array(step, { maxLength: 40 }), async (kept, steps) => {
          const channel = `run${++run}`;
          let list: { offset: number; time: number }[] = [];
          let head = 0;
          const trim = () => {
            const oldest = bench.clock.now() - (kept?.age ?? 0);
            list = kept === null ? [] : list.slice(-kept.count).filter(({ time }) => time >= oldest);
          };
          for (const one of steps) {
            if (one.kind === 'pass') bench.clock.advance(one.ms);
            else if (one.kind === 'append') {
              list.push({ offset: ++head, time: bench.clock.now() });
              expect(await bench.append(channel, { retention: kept, window: 0 })).toMatchObject({ offset: head });
            } else {
              trim();
              const page = await bench.read(channel, one.after, one.limit);
              expect({ head: page.head, first: page.first }).toEqual({ head, first: head - list.length + 1 });
              const expected = list.filter(({ offset }) => offset > one.after).slice(0, one.limit);
              expect(page.messages.map(({ offset, time }) => ({ offset, time }))).toEqual(expected);
            }
            trim();
          }
        }),
        { numRuns: 100, ...TELL_IN_TIME },
      );
    });
  });

  describe(`${name}, once closed`, () => {
    it('leaves no timer behind', async () => {
      const clock = new ManualClock();
      const bench = await new Bench(await make(clock), clock).start();
      await bench.fill('a', 3);
      await bench.engine.close();
      expect(clock.running).toBe(0);
    });
  });
}
