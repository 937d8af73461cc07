import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('nearest', () => {
  const known = ['port', 'host', 'channels', 'history'];
  it.each([
    ['prot', 'port'],
    ['Port', 'port'],
    ['chanels', 'channels'],
    ['histroy', 'history'],
    ['ports', 'port'],
    ['xyz', null],
    ['', null],
    ['x'.repeat(10_000), null],
  ])('%s: %s', (name, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });
});
