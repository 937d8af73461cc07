import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isChannelName } from './channel-name.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.~@$=+,';
const segment = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 1, maxLength: 12 });

describe('a channel name', () => {
  it('consists of segments of the alphabet', () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 10 }), (segments) => {
        expect(isChannelName(segments.join(':'))).toBe(true);
      }),
    );
  });

  it('has no other characters', () => {
    fc.assert(
      fc.property(
        segment,
        fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
        segment,
        (before, other, after) => {
          fc.pre(!ALPHABET.includes(other) && other !== ':');
          expect(isChannelName(`${before}${other}${after}`)).toBe(false);
        },
      ),
    );
  });

  it('has at most 200 characters', () => {
    expect(isChannelName('x'.repeat(200))).toBe(true);
    expect(isChannelName('x'.repeat(201))).toBe(false);
  });

  it('is refused in linear time', () => {
    const start = performance.now();
    expect(isChannelName(`${'a'.repeat(199)}!`)).toBe(false);
    expect(isChannelName(`${'a:'.repeat(99)}!`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
