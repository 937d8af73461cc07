import { describe, expect, it } from 'vitest';
import { parseCapabilities, VERBS, WILDCARD_VERBS } from './identity.ts';

describe('parseCapabilities', () => {
  it('returns no capabilities if the claim is absent', () => {
    expect(parseCapabilities(undefined)).toEqual([]);
  });

  it('parses verbs, denials and *', () => {
    const capabilities = parseCapabilities({ 'chat:*': ['subscribe', '!publish'], 'user:42': ['*'], a: ['!*'] });
    expect(capabilities).toEqual([
      expect.objectContaining({ allow: new Set(['subscribe']), deny: new Set(['publish']) }),
      expect.objectContaining({ allow: new Set(WILDCARD_VERBS), deny: new Set() }),
      expect.objectContaining({ allow: new Set(), deny: new Set(VERBS) }),
    ]);
  });

  it.each(['consume', 'request', 'respond', 'manage'])('grants %s only by name', (verb) => {
    expect(WILDCARD_VERBS).not.toContain(verb);
    expect(VERBS).toContain(verb);
  });

  it('accepts 200 patterns', () => {
    const claim = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`a${at}`, []]));
    expect(parseCapabilities(claim)).toHaveLength(200);
  });

  it.each<[string, unknown, string]>([
    ['a list', [], 'caps must be an object'],
    ['null', null, 'caps must be an object'],
    ['a text of verbs', { a: 'publish' }, 'caps["a"] must be a list of verbs'],
    ['a number as a verb', { a: [1] }, 'caps["a"] must hold strings only'],
    ['an unknown verb', { a: ['write'] }, 'caps["a"]: "write" is not a verb. Verbs are subscribe,'],
    ['an unknown denied verb', { a: ['!write'] }, '"!write" is not a verb'],
    ['an invalid pattern', { 'a::b': [] }, 'caps: "a::b"'],
    ['a param', { 'a:{b}': [] }, 'caps["a:{b}"]: {param} is for rules only'],
    ['too many patterns', Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`a${at}`, []])), 'at most 200'],
  ])('reports what is wrong with %s', (_, claim, problem) => {
    expect(parseCapabilities(claim)).toContain(problem);
  });
});
