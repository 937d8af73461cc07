import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { runCommand } from '../run-command.mjs';
import { type Mutant, ROOMS } from './rooms.mjs';
import { type Score, score, scoresOf, table, update } from './score.mjs';
import { mutate, runTests } from './try-mutant.mjs';

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

describe('a run of tests', () => {
  const passes: typeof runCommand = () => Promise.resolve(true);
  const fails =
    (report: string | undefined): typeof runCommand =>
    (_command, _args, options) => {
      const path = options?.env?.SLUICE_TEST_REPORT;
      if (path !== undefined && report !== undefined) writeFileSync(path, report);
      return Promise.resolve(false);
    };
  const hangs: typeof runCommand = (_command, _args, options) =>
    new Promise((resolve) => {
      const watchdog = options?.watch?.(1, () => resolve(false));
      onTestFinished(() => watchdog?.end());
    });

  it.each([
    ['passes', passes, 'survived'],
    ['has a failed test', fails('{"numFailedTests":1}'), 'noticed'],
    ['hangs', hangs, 'noticed'],
    ['fails without a failed test', fails('{"numFailedTests":0}'), 'broken'],
    ['ends without a report', fails(undefined), 'broken'],
  ])('that %s', async (_title, run, verdict) => {
    const root = mkdtempSync(join(tmpdir(), 'sluice-mutants-test-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    expect(await runTests(root, ['a.test.ts'], run)).toBe(verdict);
  });
});
