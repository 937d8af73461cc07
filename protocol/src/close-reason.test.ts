import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closeReason } from './close-reason.ts';
import { ERRORS, type ErrorName } from './codes.ts';

const names = Object.keys(ERRORS) as ErrorName[];
const bytes = (text: string) => new TextEncoder().encode(text).length;
/** Any detail that repeats input, including lone surrogates. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 })
  .map((units) => String.fromCharCode(...units));

describe('the reason of a close', () => {
  it.each(names)('%s begins with its name, followed by its message', (name) => {
    expect(closeReason(name).startsWith(`${name}: ${ERRORS[name].message.slice(0, 60)}`)).toBe(true);
    expect(bytes(closeReason(name))).toBeLessThanOrEqual(123);
  });

  it.each<[ErrorName, string | undefined, string]>([
    ['flood', undefined, 'flood: The connection kept exceeding its limits. Reconnect with backoff and send less.'],
    ['flood', 'too many frames', 'flood: too many frames. Reconnect with backoff and send less.'],
    [
      'origin_refused',
      'origin "https://app.example.com" is not allowed',
      'origin_refused: origin "https://app.example.com" is not allowed. Add the origin to "origins" in the configuration.',
    ],
  ])('includes the remedy if there is room: %s', (name, detail, expected) => {
    expect(closeReason(name, detail)).toBe(expected);
  });

  it('omits the remedy if there is no room for all of it', () => {
    const detail = 'x'.repeat(123 - 'flood: '.length);
    expect(closeReason('flood', detail)).toBe(`flood: ${detail}`);
    expect(closeReason('flood', `${detail}y`)).toBe(`flood: ${detail.slice(0, -3)}…`);
  });

  it('always fits into a close frame and is valid text, for any detail', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), anyText, (name, detail) => {
        const reason = closeReason(name, detail);
        const encoded = new TextEncoder().encode(reason);
        expect(encoded.length).toBeLessThanOrEqual(123);
        // Fatal: bytes that are cut within a character throw, and lone surrogates decode to a
        // different text.
        expect(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(encoded)).toBe(reason);
        expect(reason.split(':')[0]).toBe(name);
      }),
    );
  });

  it('keeps as much of the detail as fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 124, maxLength: 300 }), (detail) => {
        // An ellipsis has three bytes, and the character that did not fit has at most four.
        expect(bytes(closeReason('flood', detail))).toBeGreaterThan(123 - 4);
      }),
    );
  });
});
