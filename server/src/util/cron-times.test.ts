import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CronTimes, cronProblem, normalizeCron, timeZoneProblem } from './cron-times.ts';

const at = (text: string): number => Date.parse(text);
const iso = (time: number): string => new Date(time).toISOString();

function following(cron: string, timeZone: string, { from, count }: { from: string; count: number }): string[] {
  const times = new CronTimes(cron, timeZone);
  const found: string[] = [];
  for (let time = times.next(at(from)); found.length < count; time = times.next(time)) found.push(iso(time));
  return found;
}

describe('the times of a cron expression', () => {
  it.each<[string, string, string, string, string[]]>([
    [
      'at nine in winter and in summer',
      ...(['0 9 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z'] as const),
      ['2026-03-28T08:00:00.000Z', '2026-03-29T07:00:00.000Z', '2026-03-30T07:00:00.000Z'],
    ],
    [
      'a fixed time that does not exist on one day: after the gap',
      ...(['30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z'] as const),
      ['2026-03-28T01:30:00.000Z', '2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'],
    ],
    [
      'a fixed time that exists twice on one day: once',
      ...(['30 2 * * *', 'Europe/Berlin', '2026-10-24T00:00:00Z'] as const),
      ['2026-10-24T00:30:00.000Z', '2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z'],
    ],
    [
      'every hour over the gap',
      ...(['0 * * * *', 'America/New_York', '2026-03-08T05:30:00Z'] as const),
      ['2026-03-08T06:00:00.000Z', '2026-03-08T07:00:00.000Z', '2026-03-08T08:00:00.000Z'],
    ],
    [
      'every hour, also in the one that comes twice',
      ...(['0 * * * *', 'America/New_York', '2026-11-01T04:30:00Z'] as const),
      ['2026-11-01T05:00:00.000Z', '2026-11-01T06:00:00.000Z', '2026-11-01T07:00:00.000Z'],
    ],
    [
      'the last day of February',
      ...(['0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z'] as const),
      ['2028-02-29T00:00:00.000Z', '2032-02-29T00:00:00.000Z'],
    ],
    [
      'every ten seconds',
      ...(['*/10 * * * * *', 'UTC', '2026-01-01T00:00:00Z'] as const),
      ['2026-01-01T00:00:10.000Z', '2026-01-01T00:00:20.000Z'],
    ],
    [
      'in a zone with half an hour',
      ...(['0 9 * * *', 'Asia/Kolkata', '2026-01-01T00:00:00Z'] as const),
      ['2026-01-01T03:30:00.000Z', '2026-01-02T03:30:00.000Z'],
    ],
  ])('are right: %s', (_, cron, timeZone, from, expected) => {
    expect(following(cron, timeZone, { from, count: expected.length })).toEqual(expected);
  });

  it('have a latest one at every moment, which is the one that came next before', () => {
    const expressions = ['0 9 * * *', '30 2 * * *', '*/15 * * * *', '0 0 1 * *', '5 4 * * SUN', '*/20 * * * * *'];
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'];
    fc.assert(
      fc.property(
        fc.constantFrom(...expressions),
        fc.constantFrom(...zones),
        fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') }),
        (cron, timeZone, time) => {
          const times = new CronTimes(cron, timeZone);
          const next = times.next(time);
          expect(next).toBeGreaterThan(time);
          expect(times.latest(next)).toBe(next);
          const latest = times.latest(next - 1) ?? 0;
          expect(latest).toBeLessThanOrEqual(time);
          expect(times.next(latest)).toBe(next);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a cron expression', () => {
  it.each(['0 9 * * *', '@daily', '0 9 * * MON-FRI', '0 0 9 L * *', '  0  9 * *\t*', '0 9 29 2 *'])(
    'is accepted: %s',
    (cron) => {
      expect(cronProblem(cron)).toBeNull();
    },
  );

  it.each([
    ['', 'is not a cron expression. Write'],
    ['0 9 * *', 'is not a cron expression. Write'],
    ['0 0 9 * * * 2030', 'is not a cron expression. Write'],
    ['2027-01-01T00:00:00', 'is not a cron expression. Write'],
    ['61 * * * *', 'is not a cron expression: Invalid value for minute: 61. Write'],
    ['@reboot', 'is not a cron expression: @reboot is not supported in this environment. Write'],
    [`0 9 ${'x'.repeat(80)} * *`, 'contains illegal characters. Write'],
    ['0 0 31 2 *', 'never fires'],
    ['0 0 31 2,4,6,9,11 *', 'never fires'],
    ['*'.repeat(101), 'is not a cron expression. Write'],
  ])('is refused: "%s"', (cron, problem) => {
    expect(cronProblem(cron)).toContain(problem);
  });

  it('has one space between its fields', () => {
    expect(normalizeCron('  0  9 * *\t*')).toBe('0 9 * * *');
  });
});

describe('a time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires'])('is accepted: %s', (timeZone) => {
    expect(timeZoneProblem(timeZone)).toBeNull();
  });

  it.each(['', 'Mars/Olympus', 'CEST?'])('is refused: "%s"', (timeZone) => {
    expect(timeZoneProblem(timeZone)).toContain('is not a time zone');
  });
});
