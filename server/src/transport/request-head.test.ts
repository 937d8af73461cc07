import { describe, expect, it } from 'vitest';
import { listOf, mustClose, type RawHead, readHead } from './request-head.ts';

type Line = readonly [name: string, value: string];

const head = (lines: readonly Line[], trustProxy = false) => {
  const raw: RawHead = { method: 'POST', path: '/a', query: 'b=1', lines: lines.flat(), peer: '192.0.2.1' };
  return readHead(raw, trustProxy);
};

describe('headers of several lines', () => {
  it.each<[name: string, 'one list' | 'refused']>([
    ['accept', 'one list'],
    ['authorization', 'refused'],
    ['connection', 'one list'],
    ['content-length', 'refused'],
    ['content-type', 'refused'],
    ['host', 'refused'],
    ['if-none-match', 'one list'],
    ['origin', 'refused'],
    ['sec-websocket-key', 'refused'],
    ['sec-websocket-protocol', 'one list'],
    ['sec-websocket-version', 'refused'],
    ['transfer-encoding', 'refused'],
    ['x-forwarded-for', 'one list'],
  ])('%s: %s', (name, decision) => {
    const { headers, fault } = head([
      [name, 'a'],
      ['other', 'x'],
      [name, 'b'],
    ]);
    if (decision === 'refused') expect(fault).toBe(`the header "${name}" was sent more than once`);
    else expect([headers.get(name), fault]).toEqual(['a, b', undefined]);
  });

  it('are refused even if the lines are equal', () => {
    expect(head([['host', 'a'], ['host', 'a']]).fault).toContain('"host"'); // biome-ignore format: a table of two
  });

  it.each<[string[], string]>([
    [['203.0.113.1', '198.51.100.7'], '198.51.100.7'],
    [['203.0.113.1, 198.51.100.7'], '198.51.100.7'],
    [['198.51.100.7', '203.0.113.1, 203.0.113.2'], '203.0.113.2'],
    [['198.51.100.7', ''], '192.0.2.1'],
    [[], '192.0.2.1'],
  ])('the last entry of all lines of X-Forwarded-For is the client: %j', (values, address) => {
    const lines = values.map((value): Line => ['x-forwarded-for', value]);
    expect(head(lines, true).address).toBe(address);
    expect(head(lines).address).toBe('192.0.2.1');
  });
});

describe('the length of a body', () => {
  const CHUNKED = Number.POSITIVE_INFINITY;
  it.each<[Line[], length: number, fault: RegExp | undefined]>([
    [[], 0, undefined],
    [[['content-length', '0']], 0, undefined],
    [[['content-length', '5']], 5, undefined],
    [[['content-length', '007']], 7, undefined],
    [[['content-length', '999999999999999']], 999_999_999_999_999, undefined],
    [[['content-length', '1000000000000000']], CHUNKED, /must be a number/],
    [[['content-length', '']], CHUNKED, /must be a number/],
    [[['content-length', '5, 5']], CHUNKED, /must be a number/],
    [[['content-length', '+5']], CHUNKED, /must be a number/],
    [[['content-length', '0x5']], CHUNKED, /must be a number/],
    [[['transfer-encoding', 'chunked']], CHUNKED, undefined],
    [[['transfer-encoding', 'Chunked']], CHUNKED, undefined],
    [[['transfer-encoding', 'xchunked']], CHUNKED, /only transfer coding/],
    [[['transfer-encoding', 'gzip, chunked']], CHUNKED, /only transfer coding/],
    [[['transfer-encoding', '']], CHUNKED, /only transfer coding/],
    [[['transfer-encoding', 'chunked'], ['content-length', '5']], CHUNKED, /not both/], // biome-ignore format: a row
  ])('%j', (lines, length, fault) => {
    const read = head(lines);
    expect(read.bodyLength).toBe(length);
    if (fault === undefined) expect(read.fault).toBeUndefined();
    else expect(read.fault).toMatch(fault);
  });
});

describe('a list', () => {
  it.each<[string | undefined, string[]]>([
    [undefined, []],
    ['', []],
    [' , ,', []],
    ['a', ['a']],
    [' a ,b,, c', ['a', 'b', 'c']],
  ])('%j', (header, entries) => {
    expect(listOf(header)).toEqual(entries);
  });

  it.each([
    ['close', true],
    ['keep-alive, Close', true],
    ['closed', false],
    ['keep-alive', false],
  ])('Connection: %s ends the connection: %s', (value, closes) => {
    expect(mustClose(head([['connection', value]]))).toBe(closes);
    expect(mustClose(head([]))).toBe(false);
  });
});
