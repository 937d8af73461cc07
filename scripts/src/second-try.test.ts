import { describe, expect, it } from 'vitest';
import { failedFiles, hasProspect, MOST, mergePlaywright, mergeVitest } from './second-try.mjs';

type Outcomes = Record<string, 'passed' | 'failed' | 'pending'>;

const file = (name: string, outcomes: Outcomes) => ({
  name,
  status: Object.values(outcomes).includes('failed') ? 'failed' : 'passed',
  assertionResults: Object.entries(outcomes).map(([fullName, status]) => ({ fullName, status })),
});

/** Vitest's report of some files. */
function report(files: Record<string, Outcomes>) {
  const all = Object.values(files).flatMap((outcomes) => Object.values(outcomes));
  const number = (status: string) => all.filter((each) => each === status).length;
  return {
    numPassedTests: number('passed'),
    numFailedTests: number('failed'),
    numPendingTests: number('pending'),
    testResults: Object.entries(files).map(([name, outcomes]) => file(name, outcomes)),
  };
}

describe('of unit tests', () => {
  const first = report({
    a: { waits: 'failed', adds: 'passed', skips: 'pending' },
    b: { divides: 'passed', never: 'pending' },
  });

  it('runs the files with a failure', () => {
    expect(failedFiles(first)).toEqual(['a']);
    expect(failedFiles({})).toEqual([]);
  });

  it('runs nothing where too much failed', () => {
    const failures = (count: number) =>
      report(Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}`, { test: 'failed' as const }])));
    expect(failedFiles(failures(MOST))).toHaveLength(MOST);
    expect(failedFiles(failures(MOST + 1))).toEqual([]);
  });

  it('counts each test once, and names what passed late', () => {
    const second = report({ a: { waits: 'passed', adds: 'passed', skips: 'pending' } });
    expect(mergeVitest(first, second)).toEqual({
      counts: { passed: 3, failed: 0, skipped: 2 },
      late: ['a > waits'],
    });
  });

  it('counts what failed again, also another test', () => {
    const second = report({ a: { waits: 'failed', adds: 'failed', skips: 'pending' } });
    expect(mergeVitest(first, second)).toEqual({ counts: { passed: 1, failed: 2, skipped: 2 }, late: [] });
  });

  it('counts a file that could not be loaded again', () => {
    const broken = { testResults: [file('a', { waits: 'failed' })].map((each) => ({ ...each, assertionResults: [] })) };
    expect(mergeVitest(broken, broken).counts.failed).toBe(1);
  });
});

describe('of browser tests', () => {
  const stats = { expected: 9, unexpected: 1, flaky: 0, skipped: 1 };

  it.each([
    [{ stats }, true],
    [{ stats: { ...stats, unexpected: 0 } }, false],
    [{ stats: { ...stats, unexpected: MOST + 1 } }, false],
    [{ stats, errors: [{}] }, false],
  ])('decides by the first report (%j)', (first, expected) => {
    expect(hasProspect(first)).toBe(expected);
  });

  it('counts each test once, and names what passed late', () => {
    const specs = [{ ok: true, title: 'opens', file: 'chat.spec.ts' }];
    const second = { stats: { ...stats, expected: 1, unexpected: 0, skipped: 0 }, suites: [{ suites: [{ specs }] }] };
    expect(mergePlaywright({ stats }, second)).toEqual({
      counts: { passed: 10, failed: 0, skipped: 1 },
      late: ['chat.spec.ts > opens'],
    });
  });

  it('counts what failed again', () => {
    const second = { stats: { ...stats, expected: 0, skipped: 0 }, suites: [] };
    expect(mergePlaywright({ stats }, second)).toEqual({ counts: { passed: 9, failed: 1, skipped: 1 }, late: [] });
  });
});
