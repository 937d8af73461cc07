import { describe, expect, it } from 'vitest';
import { formatPath, nearest } from './problems.ts';

describe('formatPath', () => {
  it.each([
    [['port'], 'port'],
    [['limits', 'maxFrame'], 'limits.maxFrame'],
    [['keys', 0, 'pem'], 'keys[0].pem'],
    [['channels', 'chat:{room}', 'allow', '*'], 'channels["chat:{room}"].allow["*"]'],
  ])('writes %j as %s', (path, text) => {
    expect(formatPath(path)).toBe(text);
  });
});

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
