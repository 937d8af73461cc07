import { describe, expect, it } from 'vitest';
import {
  afterClose,
  comparePatterns,
  isChannelName,
  json,
  matchPattern,
  PatternError,
  parsePattern,
} from '../src/index.ts';
import { msgpack } from '../src/msgpack.ts';
import { vectors } from './vectors.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe.each(['commands.json', 'replies.json', 'pushes.json'] as const)('every frame of %s', (file) => {
  it.each(vectors(file).frames)('$name', ({ json: text, msgpack: hex, value }) => {
    expect(json.decode(text)).toEqual(value);
    expect(msgpack.decode(bytes(hex))).toEqual(value);
    expect(json.decode(json.encode(value))).toEqual(value);
    expect(msgpack.decode(msgpack.encode(value))).toEqual(value);
  });
});

describe('channel names', () => {
  it.each(vectors('channel-names.json').names)('$name: $valid', ({ name, valid }) => {
    expect(isChannelName(name)).toBe(valid);
  });
});

describe('patterns', () => {
  const { patterns, matches, order, ties } = vectors('patterns.json');

  it.each(patterns)('$pattern: $valid', ({ pattern, valid }) => {
    if (valid) expect(parsePattern(pattern).source).toBe(pattern);
    else expect(() => parsePattern(pattern)).toThrow(PatternError);
  });

  it.each(matches)('$pattern on $channel: $params', ({ pattern, channel, params }) => {
    const matched = matchPattern(parsePattern(pattern), channel);
    expect(matched === null ? null : { ...matched }).toEqual(params);
  });

  it('are ordered by how specific they are', () => {
    const shuffled = order.toReversed().map(parsePattern);
    expect(shuffled.sort(comparePatterns).map(({ source }) => source)).toEqual(order);
  });

  it.each(ties)('%s and %s tie', (a, b) => {
    expect(comparePatterns(parsePattern(a), parsePattern(b))).toBe(0);
  });
});

describe('close codes', () => {
  it.each(vectors('close-codes.json').codes)('$code: $then', ({ code, then }) => {
    expect(afterClose(code)).toBe(then);
  });
});
