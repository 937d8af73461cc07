import { describe, expect, it } from 'vitest';
import { formatPath } from './problems.ts';

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
