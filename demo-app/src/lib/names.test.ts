import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hueOf, initials, suggestName, toName, toRoomName } from './names.ts';

// One segment of a channel name. SPEC.md section 3.1.
const SEGMENT = /^[A-Za-z0-9_\-.~@$=+,]+$/;

describe('toName', () => {
  it.each([
    ['ada', 'ada'],
    ['Ada Lovelace', 'Ada-Lovelace'],
    ['  José  ', 'Jose'],
    ['a:b/c', 'a-b-c'],
    ['--x--', 'x'],
    ['日本', ''],
    ['', ''],
  ])('reads %j as %j', (typed, name) => {
    expect(toName(typed)).toBe(name);
  });

  it('returns a valid channel segment or an empty string for any input', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (typed) => {
        const name = toName(typed);
        expect(name === '' || SEGMENT.test(name)).toBe(true);
        expect(toName(name)).toBe(name);
      }),
    );
  });
});

it('names rooms in lower case and without a leading #', () => {
  expect(toRoomName('#Lock Keepers')).toBe('lock-keepers');
});

it('suggests a valid name', () => {
  expect(suggestName(() => 0)).toBe('calm-heron');
  expect(suggestName(() => 0.999)).toBe('bold-lily');
});

it.each([
  ['ada', 'AD'],
  ['calm-heron', 'CH'],
  ['x', 'X'],
])('abbreviates %s as %s', (name, letters) => {
  expect(initials(name)).toBe(letters);
});

it('returns the same hue for a name every time, below 360', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      expect(hueOf(name)).toBe(hueOf(name));
      expect(hueOf(name)).toBeGreaterThanOrEqual(0);
      expect(hueOf(name)).toBeLessThan(360);
    }),
  );
});
