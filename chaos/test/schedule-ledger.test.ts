import { describe, expect, it } from 'vitest';
import { ScheduleLedger } from '../src/work/schedule-ledger.ts';

/** Message 1 is due at 2,000, and accepted; the time is 1,000. */
function start({ keeps = true } = {}) {
  const clock = { now: 1_000 };
  const schedules = new ScheduleLedger({ now: () => clock.now, keeps });
  schedules.scheduling(1);
  schedules.accepted(1, 2_000);
  return { clock, schedules };
}

const once = [{ n: 1, time: 2_000 }];

describe('a message that a node has accepted', () => {
  it('must be published once, and not before it is due', () => {
    const { schedules } = start();
    expect(schedules.verdict(once)).toEqual([]);
    expect(schedules.verdict([])).toEqual(['scheduled message 1 was not published']);
    expect(schedules.verdict([...once, ...once])).toEqual(['scheduled message 1 was published 2 times']);
    expect(schedules.verdict([{ n: 1, time: 1_999 }])).toEqual([
      'scheduled message 1 was published 1 ms before it was due',
    ]);
    expect(schedules).toMatchObject({ size: 1, owed: [1], end: 2_000 });
  });

  it('may be lost by an engine that loses its data, but is not published twice', () => {
    const { schedules } = start({ keeps: false });
    expect(schedules.verdict([])).toEqual([]);
    expect(schedules.verdict([...once, ...once])).toHaveLength(1);
  });

  it('must not be published after its withdrawal was confirmed in time', () => {
    const { schedules } = start();
    schedules.withdrawing(1);
    expect(schedules.verdict(once)).toEqual([]); // it is not known yet
    expect(schedules.verdict([])).toEqual([]);
    schedules.withdrawn(1, true);
    expect(schedules.verdict([])).toEqual([]);
    expect(schedules.verdict(once)).toEqual(['scheduled message 1 was published although it had been withdrawn']);
  });

  it('may be published if the confirmation came when it was nearly due', () => {
    const { clock, schedules } = start();
    schedules.withdrawing(1);
    clock.now = 1_500;
    schedules.withdrawn(1, true);
    expect(schedules.verdict(once)).toEqual([]);
    expect(schedules.verdict([])).toEqual([]);
  });

  it('must be published if its withdrawal was refused', () => {
    const { schedules } = start();
    schedules.withdrawing(1);
    schedules.withdrawn(1, false);
    expect(schedules.verdict([])).toHaveLength(1);
  });
});

describe('other messages', () => {
  it('may be published if no node has confirmed them, but not twice', () => {
    const { schedules } = start();
    schedules.scheduling(2);
    expect(schedules.verdict(once)).toEqual([]);
    expect(schedules.verdict([...once, { n: 2, time: 1 }])).toEqual([]);
    expect(schedules.verdict([...once, { n: 2, time: 1 }, { n: 2, time: 1 }])).toHaveLength(1);
  });

  it('are reported if nobody scheduled them', () => {
    const { schedules } = start();
    expect(schedules.verdict([...once, { n: 9, time: 1 }])).toEqual(['message 9 was published, but never scheduled']);
    expect(() => schedules.accepted(9, 1)).toThrow('9 was never scheduled');
  });
});
