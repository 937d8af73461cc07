import { describe, expect, it } from 'vitest';
import { Stages } from './stages.mjs';

const counts = (passed: number, failed = 0) => ({ passed, failed, skipped: 0 });

function setUp() {
  const lines: string[] = [];
  const stages = new Stages({ write: (text: string) => lines.push(text) });
  return { stages, text: () => lines.join('') };
}

describe('Stages', () => {
  it('ends with the sum of all stages, alone on the last line', async () => {
    const { stages, text } = setUp();
    expect(await stages.run('One', async () => counts(2))).toBe(true);
    expect(await stages.run('Two', async () => counts(3, 1))).toBe(false);
    expect(stages.summarize()).toBe(false);
    expect(text().trimEnd().split('\n').at(-1)).toBe('5 passed, 1 failed');
  });

  it('keeps the output of a parallel stage together', async () => {
    const { stages, text } = setUp();
    let finish = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const beside = stages.runBeside('Beside', async ({ write }) => {
      write('first ');
      await done;
      write('second\n');
      return counts(1);
    });
    await stages.run('Live', async ({ write }) => {
      write('live\n');
      return counts(1);
    });
    expect(text()).not.toContain('first');
    finish();
    await beside;
    expect(text()).toContain('first second\n');
    expect(stages.summarize()).toBe(true);
  });

  it('replaces the counts of a first try, and names what passed only at the second', async () => {
    const { stages, text } = setUp();
    await stages.run('One', async () => counts(2, 1));
    await stages.run('Two', async () => counts(1));
    await stages.runAgain('One', async () => ({ counts: counts(3), late: ['a.test.ts > waits'] }));
    expect(stages.summarize()).toBe(true);
    expect(text()).toContain('passed only at the second try, so it has a race: a.test.ts > waits\n');
    expect(text().trimEnd().split('\n').at(-1)).toBe('4 passed, 0 failed');
  });
});
