import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { testAnnouncements } from './announcements.ts';
import { testAppend } from './append.ts';
import { testClockSteps } from './clock-steps.ts';
import { testCopies } from './copies.ts';
import { EngineBench, type MakeEngine } from './engine-bench.ts';
import { testExpectedHead } from './expected-head.ts';
import { testIdempotencyKeys } from './idempotency-keys.ts';
import { testBytes } from './log-bytes.ts';
import { testLogList } from './log-list.ts';
import { testLogModel } from './log-model.ts';
import { testPurging } from './purging.ts';
import { testReading } from './reading.ts';
import { testRetention } from './retention.ts';
import { testRevocations } from './revocations.ts';
import { testSourcePositions } from './source-positions.ts';

/** The suite that every engine must pass: the requirements of `engine.ts`. */
export function testEngine(name: string, make: MakeEngine): void {
  describe(`${name} as an engine`, () => {
    let current: EngineBench;
    const bench = () => current;

    beforeEach(async () => {
      const clock = new ManualClock();
      current = await new EngineBench(await make(clock), clock).start();
      return () => current.engine.close();
    });

    testAppend(bench);
    testAnnouncements(bench);
    testIdempotencyKeys(bench);
    testSourcePositions(bench);
    testCopies(bench);
    testExpectedHead(bench);
    testRetention(bench);
    testPurging(bench);
    testBytes(bench);
    testLogList(bench);
    testReading(bench);
    testRevocations(bench);
    testClockSteps(bench);
    testLogModel(bench);

    it('delivers signals, also to the node that sent them', async () => {
      await current.engine.signal({ type: 'drain', node: 'n1' });
      await expect.poll(() => current.signals).toEqual([{ type: 'drain', node: 'n1' }]);
    });

    it('reports no trouble', () => {
      expect(current.engine.trouble).toBeUndefined();
    });
  });

  describe(`${name}, once closed`, () => {
    it('leaves no timer behind', async () => {
      const clock = new ManualClock();
      const bench = await new EngineBench(await make(clock), clock).start();
      await bench.fill('a', 3);
      await bench.engine.close();
      expect(clock.running).toBe(0);
    });
  });
}
