import { describe, expect, it } from 'vitest';
import { patternSource } from './pattern.ts';

describe('patterns of addresses', () => {
  it.each([
    ['**/ws', 'wss://example.com/ws', true],
    ['**/ws', 'ws://localhost:5173/a/b/ws', true],
    ['**/ws', 'ws://localhost:5173/', false],
    ['**/ws', 'ws://localhost:5173/ws/more', false],
    ['**/*/socket', 'ws://localhost/v1/socket', true],
    ['ws://localhost/*', 'ws://localhost/a/b', false],
    ['ws://a.b/ws', 'ws://axb/ws', false],
  ])('%s and %s: %s', (pattern, address, matches) => {
    expect(new RegExp(patternSource(pattern)).test(address)).toBe(matches);
  });
});
