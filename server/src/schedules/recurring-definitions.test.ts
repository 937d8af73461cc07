import { describe, expect, it } from 'vitest';
import { RecurringProgress } from './recurring-definitions.ts';

/** Notes a time of a plan, as the entry of the log with this offset. */
const tick = (progress: RecurringProgress, plan: string, offset: number) =>
  progress.add({ id: `entry-${offset}`, offset }, { kind: 'ticked', plan, at: offset, run: 'run' });

describe('the progress of recurring schedules', () => {
  it('is forgotten of all but the latest 1,000 plans that no schedule has', () => {
    const progress = new RecurringProgress();
    tick(progress, 'kept', 1);
    for (let n = 0; n < 1_500; n++) {
      tick(progress, `plan-${n}`, n + 2);
      progress.known = new Set(['kept']);
    }
    expect(progress.size).toBe(1_001);
    expect(progress.get('kept')).toMatchObject({ at: 1 });
    expect(progress.get('plan-499')).toBeUndefined();
    expect(progress.get('plan-500')).toMatchObject({ at: 502 });
  });

  it('is that of the schedules, however many plans were read before they were known', () => {
    const progress = new RecurringProgress();
    for (let n = 0; n < 3_000; n++) tick(progress, `plan-${n}`, n + 1);
    expect(progress.size).toBe(3_000);
    progress.known = new Set(['plan-0', 'plan-7']);
    expect(progress.size).toBe(1_002);
    expect(progress.oldest()).toMatchObject({ offset: 1 });
    expect(progress.get('plan-7')).toMatchObject({ at: 8 });
  });

  it('of a plan that ticks again is the latest', () => {
    const progress = new RecurringProgress();
    for (let n = 0; n < 1_001; n++) tick(progress, `plan-${n}`, n + 1);
    tick(progress, 'plan-0', 2_000);
    progress.known = new Set();
    expect(progress.get('plan-0')).toMatchObject({ at: 2_000 });
    expect(progress.get('plan-1')).toBeUndefined();
  });

  it('is not removed by an entry that was replaced or forgotten', () => {
    const progress = new RecurringProgress();
    tick(progress, 'plan', 1);
    tick(progress, 'plan', 2);
    progress.remove('entry-1');
    expect(progress.get('plan')).toMatchObject({ at: 2 });
  });
});
