import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Mutant, ROOMS } from './rooms.mjs';
import { type Score, score, scoresOf, table, update } from './score.mjs';
import { mutate } from './try-mutant.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const mutant: Mutant = { file: 'a.ts', from: 'b', to: 'c', fault: '', tests: [] };

describe.each(Object.entries(ROOMS))('the faults of %s', (_, mutants) => {
  it.each(mutants.map((one) => [`${one.file}: ${one.fault}`, one] as const))('%s fits the code', (_name, one) => {
    mutate(readFileSync(`${root}${one.file}`, 'utf8'), one);
    expect(one.tests.filter((test) => !existsSync(`${root}${test}`))).toEqual([]);
  });
});

describe('mutate', () => {
  it('replaces the single occurrence', () => {
    expect(mutate('abd', mutant)).toBe('acd');
  });

  it.each([['ad'], ['abdb'], ['bb']])('refuses a list that no longer fits: %s', (text) => {
    expect(() => mutate(text, mutant)).toThrow('must occur once');
  });
});

it('counts by room', () => {
  const outcomes = (['noticed', 'survived', 'noticed', 'broken'] as const).map((verdict) => ({
    room: 'hub',
    mutant,
    verdict,
  }));
  expect(table(score(outcomes))).toContain('| hub | 4 | 2 | 50 % |');
  expect(scoresOf(`# Title\n\n${table(score(outcomes))}\n\nText.\n`)).toEqual(score(outcomes));
});

it('keeps the scores of rooms that were not tried', () => {
  const [hub, log] = ['hub', 'log'].map((room) => ({ room, mutants: 4, noticed: 4 })) as [Score, Score];
  expect(update([log, hub], [{ ...log, noticed: 3 }])).toEqual([hub, { ...log, noticed: 3 }]);
});
