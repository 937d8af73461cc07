import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Terms that name the same thing in two packages: gateway and client each have a type for it. */
const AT_BOTH_ENDS = new Map([
  ['Channel', 'the named stream'],
  ['Connection', 'the WebSocket, as each end holds it'],
  ['Consumer', 'the client and the gateway each hold one end'],
  ['Delivery', 'the protocol has the fields, the engine the stored message'],
  ['Frame', 'one WebSocket message'],
  ['Member', 'the protocol has the fields, the client the typed view'],
  ['Membership', 'what `enter` begins'],
  ['Message', 'the protocol has the fields, the client the typed view'],
  ['Presence', 'who is in a channel'],
  ['Responder', 'the client and the gateway each hold one end'],
  ['Roster', 'the list of members at one version'],
  ['Verb', 'the protocol has the list, the gateway adds what keys may do'],
]);

const exported = /^export (?:abstract )?(?:class|interface|type) (\w+)/gm;

/** `slow reader` is `SlowReader` in code. */
const nameOf = (term: string) => term.replace(/(?:^|[ -])(\w)/g, (_, letter: string) => letter.toUpperCase());

const termsOf = (glossary: string) =>
  [...glossary.matchAll(/^\| <a id="[^"]+"><\/a>([^|]+) \|/gm)].map(([, term = '']) => term);

/** The files that declare each name, by name. */
function declarations(files: readonly { readonly path: string; readonly text: string }[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { path, text } of files) {
    for (const [, name = ''] of text.matchAll(exported)) found.set(name, [...(found.get(name) ?? []), path]);
  }
  return found;
}

function homonyms(terms: readonly string[], declared: ReadonlyMap<string, readonly string[]>): string[] {
  return terms
    .map(nameOf)
    .filter((name) => (declared.get(name)?.length ?? 0) > 1 && !AT_BOTH_ENDS.has(name))
    .map((name) => `${name}: ${declared.get(name)?.join(', ')}`);
}

const sources = execFileSync('git', ['ls-files', 'server/src', 'client-sdk/src', 'protocol/src'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => ({ path, text: readFileSync(`${root}${path}`, 'utf8') }));

describe('the glossary', () => {
  const terms = termsOf(readFileSync(`${root}docs/glossary.md`, 'utf8'));
  const declared = declarations(sources);

  it('lists terms', () => {
    expect(terms.length).toBeGreaterThan(40);
    expect(terms).toContain('fan-out');
  });

  it('lists each term once', () => {
    expect(terms.filter((term, index) => terms.indexOf(term) !== index)).toEqual([]);
  });

  it('has one meaning for each term among the exported classes and types', () => {
    expect(homonyms(terms, declared)).toEqual([]);
  });

  it('excuses only names that two packages declare', () => {
    expect([...AT_BOTH_ENDS.keys()].filter((name) => (declared.get(name)?.length ?? 0) < 2)).toEqual([]);
  });

  it('finds a second meaning', () => {
    const two = [
      { path: 'a.ts', text: 'export class SlowReader {}' },
      { path: 'b.ts', text: 'export interface SlowReader {}' },
    ];
    expect(homonyms(['slow reader'], declarations(two))).toEqual(['SlowReader: a.ts, b.ts']);
  });
});
