import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoggedMessage } from '../logged-message.ts';
import { BlockPool } from './block-pool.ts';
import { MessageWindow } from './message-window.ts';

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      unit: fc.constantFrom('x', 'ж', '👋', '\u0000', '\ud800'),
      size: fc.oneof(fc.nat(30), fc.nat(3_000), fc.constantFrom(16_384, 60_000)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 5 }) }) },
);

const messageOf = (offset: number, data: string) => ({ id: `m${offset}`, time: 1_000.5 + offset, data, offset });

describe('MessageWindow', () => {
  it('behaves like an array under any pushes and shifts', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const window = new MessageWindow(new BlockPool());
        let list: ReturnType<typeof messageOf>[] = [];
        let head = 0;
        for (const one of steps) {
          if (one.kind === 'push') {
            const message = messageOf(++head, one.unit.repeat(one.size));
            list.push(message);
            window.push(LoggedMessage.of(message), message.time);
          } else {
            list = list.slice(one.count);
            for (let left = one.count; left > 0; left--) window.shift();
          }
          expect(window.length).toBe(list.length);
          expect(window.oldest).toBe(list[0]?.time ?? Number.POSITIVE_INFINITY);
        }
        const read = list.map(({ offset }, at) => window.at(at, offset).message);
        expect(read).toEqual(list);
        expect(list.map((_, at) => window.timeAt(at))).toEqual(list.map(({ time }) => time));
      }),
      { numRuns: 150 },
    );
  });

  it('returns unused blocks, which another log reuses or the pool releases', () => {
    const pool = new BlockPool();
    const fill = (window: MessageWindow) => {
      for (let offset = 1; offset <= 500; offset++) window.push(LoggedMessage.of(messageOf(offset, 'x')), 1);
      return window.size;
    };
    const [first, second] = [new MessageWindow(pool), new MessageWindow(pool)];
    const size = fill(first);
    while (first.length > 0) first.shift();
    expect(pool.waiting).toBe(size);
    fill(second);
    expect(pool.waiting).toBe(0);
    while (second.length > 0) second.shift();
    pool.tidy(); // all was needed since the last time
    expect(pool.waiting).toBe(size);
    pool.tidy();
    expect(pool.waiting).toBe(0);
  });

  it('uses about as many bytes as its messages, after any number of pushes and shifts', () => {
    const window = new MessageWindow(new BlockPool());
    let most = 0;
    for (let offset = 1; offset <= 20_000; offset++) {
      const message = messageOf(offset, 'x'.repeat(offset % 200));
      window.push(LoggedMessage.of(message), message.time);
      if (window.length > 1_000) window.shift();
      most = Math.max(most, window.size);
    }
    expect(most).toBeLessThan(1_000 * 170 * 1.4);
    while (window.length > 0) window.shift();
    expect(window.size).toBe(0);
  });
});
