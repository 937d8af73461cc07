import { describe, expect, it } from 'vitest';
import { runAll, waitForAll } from './run-all.ts';

const failing = (message: string) => async () => {
  throw new Error(message);
};

describe('steps', () => {
  it('run one after the other, also after one that failed', async () => {
    const ran: string[] = [];
    const step = (name: string) => async () => void ran.push(name);
    const throwing = () => {
      throw new Error('at once');
    };
    await expect(runAll([step('a'), throwing, step('b'), failing('later'), step('c')])).rejects.toThrow(
      'at once; later',
    );
    expect(ran).toEqual(['a', 'b', 'c']);
  });

  it('fail with the error of the only one that failed', async () => {
    const error = new Error('mine');
    await expect(runAll([() => Promise.reject(error), () => {}])).rejects.toBe(error);
  });

  it('succeed if all do', async () => {
    await expect(runAll([() => 1, async () => {}])).resolves.toBeUndefined();
  });
});

describe('work', () => {
  it('is waited for, also if a part of it fails', async () => {
    let finish = () => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let isOver = false;
    const all = waitForAll([failing('first')(), slow, undefined]).finally(() => {
      isOver = true;
    });
    const outcome = expect(all).rejects.toThrow('first');
    await Promise.resolve();
    expect(isOver).toBe(false);
    finish();
    await outcome;
  });
});
