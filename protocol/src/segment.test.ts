import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vectors } from '../test/vectors.ts';
import { isChannelName } from './channel-name.ts';
import { isSegmentOf, readSegment, segment } from './segment.ts';

const { segments, none } = vectors('segments.json');

/** Confusing texts: escapes, parts of escapes, and characters that need escapes. */
const confusing = fc
  .array(
    fc.constantFrom('~', '7', 'C', '7C', '7E', '~7C', '~7E', '41', 'a', 'f', '%', '|', ':', 'ü', '👋', '=', '~~'),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''));
const text = fc
  .oneof(confusing, fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
  .filter((one) => one.isWellFormed());
/** The form of a segment. */
const name = fc
  .array(fc.constantFrom(...'AZaz09_-.~@$=+,CEF7', '~7C', '~C3', '~BC'), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(''));

describe('the segment', () => {
  it.each(segments)('of $text is $segment', ({ text, segment: expected }) => {
    expect(segment(text)).toBe(expected);
    expect(readSegment(expected)).toBe(text);
    expect(isSegmentOf(expected, text)).toBe(true);
    expect(isChannelName(`user:${expected}`)).toBe(true);
  });

  it.each(none)('%s is no segment of a text', (name) => {
    expect(isChannelName(name)).toBe(true);
    expect(readSegment(name)).toBe(name);
    expect(isSegmentOf(name, name)).toBe(false);
  });

  it('is unique for each text', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(segment(one) === segment(other)).toBe(one === other);
        expect(isSegmentOf(segment(one), other)).toBe(one === other);
      }),
      { numRuns: 5_000 },
    );
  });

  it('decodes to the original text', () => {
    fc.assert(
      fc.property(text, (one) => readSegment(segment(one)) === one),
      { numRuns: 5_000 },
    );
  });

  it('of a non-empty text is a segment of a channel name', () => {
    const property = fc.property(text, (one) => {
      fc.pre(one !== '' && segment(one).length <= 200);
      expect(isChannelName(segment(one))).toBe(true);
      expect(segment(one)).not.toContain(':');
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  it('of a valid segment is the segment itself, unless it looks like an escape', () => {
    const property = fc.property(name, (one) => {
      if (!/~[0-9A-F]{2}/.test(one)) expect(segment(one)).toBe(one);
      expect(segment(one)).not.toMatch(/[^A-Za-z0-9_\-.~@$=+,]/);
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  it('decodes to at most one text, even if it was written by hand', () => {
    const property = fc.property(name, text, (one, other) => {
      expect(isSegmentOf(one, other)).toBe(segment(other) === one);
      expect(isSegmentOf(one, readSegment(one))).toBe(segment(readSegment(one)) === one);
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  it('does not exist for a lone surrogate', () => {
    expect(() => segment('a\ud800')).toThrow(URIError);
    expect(isSegmentOf('a~', 'a\ud800')).toBe(false);
  });
});
