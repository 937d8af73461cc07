import { describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import { EngineMisconfigured, EngineUnavailable } from './engine.ts';
import { AGAIN, EngineStart } from './engine-start.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function setUp(outcomes: readonly (Error | 'good')[], startsLater = true) {
  const clock = new ManualClock();
  const [calls, faults]: [string[], unknown[]] = [[], []];
  const left = [...outcomes];
  const start = new EngineStart({
    engine: { startsLater },
    clock,
    steps: [
      () => void calls.push('first'),
      async () => {
        calls.push('second');
        const outcome = left.shift();
        if (outcome instanceof Error) throw outcome;
      },
      () => void calls.push('third'),
    ],
    failed: (error) => faults.push(error),
  });
  const pass = async () => {
    clock.advance(AGAIN);
    await turn();
  };
  return { start, calls, faults, pass };
}

const away = new EngineUnavailable('it is away');

describe('the start of an engine', () => {
  it('takes all steps in order', async () => {
    const { start, calls } = setUp(['good']);
    expect(start.waitingFor).toBe('the engine has not started');
    await start.begin();
    expect([calls, start.waitingFor]).toEqual([['first', 'second', 'third'], undefined]);
  });

  it('waits for an engine that is away, and repeats only the steps that have not succeeded', async () => {
    const { start, calls, pass } = setUp([away, away, 'good']);
    await start.begin();
    expect(start.waitingFor).toBe('it is away');
    await pass();
    expect(start.waitingFor).toBe('it is away');
    await pass();
    expect([calls, start.waitingFor]).toEqual([['first', 'second', 'second', 'second', 'third'], undefined]);
    await pass();
    expect(calls).toHaveLength(5);
  });

  it.each([
    ['the engine cannot start later', away, false],
    ['an operator must act', new EngineMisconfigured('wrong password'), true],
    ['it is a bug', new Error('a bug'), true],
  ])('does not wait if %s', async (_, error, startsLater) => {
    await expect(setUp([error], startsLater).start.begin()).rejects.toBe(error);
  });

  it('reports what fails later for another reason, and carries on', async () => {
    const bug = new Error('version 5');
    const { start, faults, pass } = setUp([away, bug, 'good']);
    await start.begin();
    await pass();
    expect([faults, start.waitingFor]).toEqual([[bug], 'version 5']);
    await pass();
    expect(start.waitingFor).toBeUndefined();
  });

  it('takes no further step after it was stopped', async () => {
    const { start, calls, pass } = setUp([away, 'good']);
    await start.begin();
    start.stop();
    await pass();
    expect(calls).toEqual(['first', 'second']);
  });
});
