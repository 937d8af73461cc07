import { describe, expect, it } from 'vitest';
import { bytes, count, distance, duration, many, moment, percent, rate, zonedMoment } from './words.ts';

describe('the words of the console', () => {
  it.each<[string, string]>([
    [count(999), '999'],
    [count(12_345), '12,345'],
    [count(1_234_567), '1.2M'],
    [rate(0), '0'],
    [rate(3.21), '3.2'],
    [rate(1_234.5), '1,235'],
    [percent(0), '0 %'],
    [percent(0.034), '3.4 %'],
    [percent(0.5), '50 %'],
    [bytes(0), '0 B'],
    [bytes(1_023), '1023 B'],
    [bytes(1_536), '1.5 KiB'],
    [bytes(64 * 1024 ** 2), '64 MiB'],
    [duration(0.5), '0.5 ms'],
    [duration(1_500), '2 s'],
    [duration(180_000), '3 min'],
    [duration(7_200_000), '2 h'],
    [duration(5 * 86_400_000), '5 days'],
    [distance(70_000, 10_000), 'in 60 s'],
    [distance(10_000, 7_210_000), '2 h ago'],
    [distance(10_000, 10_000), '1 s ago'],
    [many(1, 'user'), '1 user'],
    [many(2, 'user'), '2 users'],
    [many(2, 'entry', 'entries'), '2 entries'],
  ])('write %s', (written, expected) => {
    expect(written).toBe(expected);
  });

  it('names the time zone of a time to come', () => {
    const [time, zone] = [moment(0), zonedMoment(0).slice(moment(0).length)];
    expect([zonedMoment(0).startsWith(time), zone]).toEqual([true, expect.stringMatching(/^ \S+/)]);
  });
});
