import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from './values.ts';

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5000],
    ['1.5s', 1500],
    ['10m', 600_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['300', 300],
    [' 5 s ', 5000],
    ['5x', null],
    ['s', null],
    ['-5s', null],
    ['', null],
    ['1h30m', null],
    ['constructor', null],
    ['1constructor', null],
  ])('reads %j as %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it('are formatted without loss', () => {
    fc.assert(fc.property(fc.nat(), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('sizes', () => {
  it.each([
    ['512', 512],
    ['512B', 512],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['1 GiB', 1_073_741_824],
    ['64KB', null],
    ['64kib', null],
  ])('reads %j as %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it('are formatted without loss', () => {
    fc.assert(fc.property(fc.nat(), (bytes) => parseSize(formatSize(bytes)) === bytes));
  });
});
