import { describe, expect, it } from 'vitest';
import { collectCaps, collectClaims, collectPairs, countArgument, durationArgument, urlArgument } from './arguments.ts';

describe('collectCaps', () => {
  it.each([
    ['chat:*=subscribe,publish', { 'chat:*': ['subscribe', 'publish'] }],
    ['chat:*=!publish, *', { 'chat:*': ['!publish', '*'] }],
    ['a=b:c=publish', { 'a=b:c': ['publish'] }],
  ])('reads %s', (word, caps) => {
    expect(collectCaps(word)).toEqual(caps);
  });

  it('adds to earlier values', () => {
    expect(collectCaps('a=publish', collectCaps('a=subscribe', collectCaps('b=history')))).toEqual({
      a: ['subscribe', 'publish'],
      b: ['history'],
    });
  });

  it.each(['chat:*', '=publish', ''])('refuses %j', (word) => {
    expect(() => collectCaps(word)).toThrow('pattern=verbs');
  });
});

describe('collectClaims', () => {
  it.each<[string, unknown]>([
    ['role=admin', 'admin'],
    ['role=', ''],
    ['role=a=b', 'a=b'],
    ['role=7', 7],
    ['role="7"', '7'],
    ['role=["a"]', ['a']],
    ['role=true', true],
  ])('reads %s', (word, role) => {
    expect(collectClaims(word, { other: 1 })).toEqual({ other: 1, role });
  });
});

it.each(['id=9007199254740993', 'id=0.123456789012345678', 'ids={"of":[-9007199254740993]}'])(
  'collectClaims refuses %s, because JavaScript would round it',
  (word) => {
    expect(() => collectClaims(word)).toThrow('send it as a string');
  },
);

describe('other arguments', () => {
  it('are parsed', () => {
    expect(collectPairs('a=1', { b: '2' })).toEqual({ a: '1', b: '2' });
    expect(durationArgument('1h')).toBe(3_600_000);
    expect(countArgument('10')).toBe(10);
    expect(urlArgument('wss://a.test/ws').hostname).toBe('a.test');
  });

  it.each<[string, () => unknown]>([
    ['a pair without a name', () => collectPairs('=1')],
    ['a duration of zero', () => durationArgument('0')],
    ['a number with other characters', () => countArgument('1e3')],
    ['a number that is too large', () => countArgument('9'.repeat(30))],
    ['a host without scheme', () => urlArgument('localhost:8080')],
    ['another protocol', () => urlArgument('ftp://a.test')],
  ])('refuse %s', (_, read) => {
    expect(read).toThrow('Write ');
  });
});
