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
});
