import { describe, expect, it } from 'vitest';
import { createApiKeys, secretsEqual } from './secrets.ts';

describe('secretsEqual', () => {
  it.each([
    ['same', 'same', true],
    ['same', 'sama', false],
    ['same', 'same ', false],
    ['', '', true],
  ])('%j and %j: %s', (a, b, expected) => {
    expect(secretsEqual(a, b)).toBe(expected);
  });
});

describe('createApiKeys', () => {
  const keys = createApiKeys([
    { name: 'all', secret: 'first-secret' },
    { name: 'chat', secret: 'second-secret', caps: { 'chat:*': ['publish'] } },
  ]);

  it('finds a key without capabilities, which is trusted', () => {
    expect(keys.find('first-secret')).toMatchObject({ name: 'all', user: null, trusted: true });
  });

  it('finds a key with capabilities, which is not trusted', () => {
    const found = keys.find('second-secret');
    expect(found).toMatchObject({ name: 'chat', user: null });
    expect(found?.trusted).toBeUndefined();
    expect(found?.capabilities).toHaveLength(1);
  });

  it.each(['', 'first-secre', 'first-secret2', 'FIRST-SECRET'])('returns null for %j', (presented) => {
    expect(keys.find(presented)).toBeNull();
  });

  it('refuses malformed capabilities, without the secret in the message', () => {
    const make = () => createApiKeys([{ name: 'b', secret: 'top-secret', caps: { a: ['write'] } }]);
    expect(make).toThrow('API key "b": caps["a"]: "write" is not a verb');
    expect(make).not.toThrow('top-secret');
  });
});
