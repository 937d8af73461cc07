import { describe, expect, it } from 'vitest';
import { parseCapabilities, VERBS } from './identity.ts';

describe('parseCapabilities', () => {
  it('is nothing where the claim is absent', () => {
    expect(parseCapabilities(undefined)).toEqual([]);
  });

  it('reads verbs, denials and *', () => {
    const capabilities = parseCapabilities({ 'chat:*': ['subscribe', '!publish'], 'user:42': ['*'] });
    expect(capabilities).toEqual([
      expect.objectContaining({ allow: new Set(['subscribe']), deny: new Set(['publish']) }),
      expect.objectContaining({ allow: new Set(VERBS), deny: new Set() }),
    ]);
  });

  it('reads 200 patterns', () => {
    const claim = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`a${at}`, []]));
    expect(parseCapabilities(claim)).toHaveLength(200);
  });

  it.each<[string, unknown, string]>([
    ['a list', [], 'caps must be an object'],
    ['null', null, 'caps must be an object'],
    ['a text of verbs', { a: 'publish' }, 'caps["a"] must be a list of verbs'],
    ['a number as a verb', { a: [1] }, 'caps["a"] holds something that is not a string'],
    ['an unknown verb', { a: ['write'] }, 'caps["a"]: "write" is not a verb; verbs are subscribe,'],
    ['an unknown denied verb', { a: ['!write'] }, '"!write" is not a verb'],
    ['a pattern that is none', { 'a::b': [] }, 'caps: "a::b"'],
    ['a param', { 'a:{b}': [] }, 'caps["a:{b}"]: {param} belongs to rules'],
    ['too many patterns', Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`a${at}`, []])), 'at most 200'],
  ])('says what is wrong with %s', (_, claim, problem) => {
    expect(parseCapabilities(claim)).toContain(problem);
  });
});
