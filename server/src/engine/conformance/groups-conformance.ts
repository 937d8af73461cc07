import { beforeEach, describe } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import type { MakeEngine } from './engine-bench.ts';
import { testGroupAdministration } from './groups-administration.ts';
import { GroupsBench } from './groups-bench.ts';
import { testClaims } from './groups-claims.ts';
import { testGroupExpiry } from './groups-expiry.ts';
import { testFences } from './groups-fences.ts';
import { testGroupGaps } from './groups-gaps.ts';
import { testGroupModel } from './groups-model.ts';
import { testGroupOverflow } from './groups-overflow.ts';
import { testSettling } from './groups-settling.ts';

/** The suite that every engine with consumer groups must pass: the duties of `GroupStore`. */
export function testGroups(name: string, make: MakeEngine, { modelRuns }: { modelRuns?: number } = {}): void {
  describe(`${name} with consumer groups`, () => {
    let current: GroupsBench;
    const bench = () => current;

    beforeEach(async () => {
      const clock = new ManualClock();
      current = await new GroupsBench(await make(clock), clock).start();
      return () => current.engine.close();
    });

    testClaims(bench);
    testSettling(bench);
    testFences(bench);
    testGroupAdministration(bench);
    testGroupExpiry(bench);
    testGroupGaps(bench);
    testGroupOverflow(bench);
    testGroupModel(bench, modelRuns);
  });
}
