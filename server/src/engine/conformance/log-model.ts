import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type EngineBench, HOUR } from './engine-bench.ts';
import { TIME_LIMIT } from './time-limit.ts';

/** Compares a log with a plain list. */
export function testLogModel(bench: () => EngineBench): void {
  it('matches a plain list after any sequence of operations', async () => {
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
          const oldest = bench().clock.now() - (kept?.age ?? 0);
          list = kept === null ? [] : list.slice(-kept.count).filter(({ time }) => time >= oldest);
        };
        for (const one of steps) {
          if (one.kind === 'pass') bench().clock.advance(one.ms);
          else if (one.kind === 'append') {
            list.push({ offset: ++head, time: bench().clock.now() });
            expect(await bench().append(channel, { retention: kept, window: 0 })).toMatchObject({ offset: head });
          } else {
            trim();
            const page = await bench().read(channel, one.after, one.limit);
            expect({ head: page.head, first: page.first }).toEqual({ head, first: head - list.length + 1 });
            const expected = list.filter(({ offset }) => offset > one.after).slice(0, one.limit);
            expect(page.messages.map(({ offset, time }) => ({ offset, time }))).toEqual(expected);
          }
          trim();
        }
      }),
      { numRuns: 100, ...TIME_LIMIT },
    );
  });
}
