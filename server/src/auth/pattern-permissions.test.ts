import { matchPattern, parsePattern } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Identity, parseCapabilities } from './identity.ts';
import { coversPattern, patternsOverlap, permitsPattern } from './pattern-permissions.ts';

const SEGMENTS = ['a', 'b'];
/** All names of up to four segments: enough to tell patterns of up to three segments apart. */
const NAMES = [1, 2, 3, 4].reduce<string[][]>(
  (lists) => [
    ...lists,
    (lists.at(-1) ?? ['']).flatMap((name) => [...SEGMENTS, 'c'].map((s) => (name ? `${name}:${s}` : s))),
  ],
  [['']],
);
const names = NAMES.slice(1).flat();
const pattern = fc
  .tuple(fc.array(fc.constantFrom(...SEGMENTS, '*'), { maxLength: 2 }), fc.constantFrom('a', 'b', '*', '**'))
  .map(([head, last]) => parsePattern([...head, last].join(':')));

describe('patterns', () => {
  it('cover another pattern if they match all of its channels', () => {
    fc.assert(
      fc.property(pattern, pattern, (wide, narrow) => {
        const all = names
          .filter((name) => matchPattern(narrow, name) !== null)
          .every((name) => matchPattern(wide, name) !== null);
        expect(coversPattern(wide, narrow)).toBe(all);
      }),
    );
  });

  it('overlap if they match a common channel', () => {
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const both = names.some((name) => matchPattern(one, name) !== null && matchPattern(other, name) !== null);
        expect(patternsOverlap(one, other)).toBe(both);
      }),
    );
  });
});

describe('the permission on a pattern', () => {
  const identity = (caps: object): Identity => {
    const capabilities = parseCapabilities(caps);
    if (typeof capabilities === 'string') throw new Error(capabilities);
    return { user: null, claims: {}, capabilities };
  };

  it.each<[object, string, boolean]>([
    [{ '**': ['manage'] }, '**', true],
    [{ '**': ['manage'] }, 'chat:*', true],
    [{ 'chat:*': ['manage'] }, 'chat:*', true],
    [{ 'chat:*': ['manage'] }, 'chat:lobby', true],
    [{ 'chat:*': ['manage'] }, 'chat:**', false],
    [{ 'chat:*': ['manage'] }, '**', false],
    [{ '**': ['*'] }, '**', false],
    [{ '**': ['manage'], 'chat:staff': ['!manage'] }, 'chat:*', false],
    [{ '**': ['manage'], 'chat:staff': ['!manage'] }, 'news:*', true],
    [{}, 'chat:lobby', false],
  ])('of %j on "%s": %s', (caps, source, allowed) => {
    expect(permitsPattern(identity(caps), 'manage', parsePattern(source))).toBe(allowed);
  });

  it('is granted to every trusted caller', () => {
    expect(permitsPattern({ ...identity({}), trusted: true }, 'manage', parsePattern('**'))).toBe(true);
  });
});
