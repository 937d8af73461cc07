import { describe, expect, it } from 'vitest';
import { countPlaywright, countStep, countVitest, sum, summary, withExitCode } from './counts.mjs';

describe('countVitest', () => {
  it('counts tests and skipped tests', () => {
    const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1, testResults: [] };
    expect(countVitest(report)).toEqual({ passed: 5, failed: 1, skipped: 3 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const testResults = [
      { name: 'a', status: 'failed', assertionResults: [] },
      { name: 'b', status: 'failed', assertionResults: [{ status: 'failed', fullName: 'x' }] },
      { name: 'c', status: 'passed', assertionResults: [] },
    ];
    expect(countVitest({ numPassedTests: 3, numFailedTests: 1, testResults })).toEqual({
      passed: 3,
      failed: 2,
      skipped: 0,
    });
  });
});

describe('countPlaywright', () => {
  it('counts a test that needed a retry as failed', () => {
    const stats = { expected: 7, unexpected: 1, flaky: 1, skipped: 2 };
    expect(countPlaywright({ stats })).toEqual({ passed: 7, failed: 2, skipped: 2 });
  });

  it('counts errors outside of tests', () => {
    expect(countPlaywright({ errors: [{}] })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

it.each([
  { passed: 1, failed: 0, ok: true, counted: 0 },
  { passed: 1, failed: 0, ok: false, counted: 1 },
  { passed: 1, failed: 3, ok: false, counted: 3 },
  { passed: 0, failed: 0, ok: true, counted: 1 },
])('checks a runner: passed $passed, failed $failed, ended well: $ok → $counted failed', ({ counted, ok, ...rest }) => {
  expect(withExitCode({ ...rest, skipped: 0 }, ok).failed).toBe(counted);
});

it('summarizes in one line', () => {
  const all = [countStep(true), countStep(false), { passed: 10, failed: 0, skipped: 0 }];
  expect(summary(sum(all))).toBe('11 passed, 1 failed');
  expect(summary(sum([...all, { passed: 0, failed: 0, skipped: 2 }]))).toBe('11 passed, 1 failed, 2 skipped');
});
