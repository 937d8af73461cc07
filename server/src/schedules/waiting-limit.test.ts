import { describe, expect, it } from 'vitest';
import { Refusal } from '../refusal.ts';
import type { Logged } from './schedule-log.ts';
import type { ScheduledMessage } from './schedule-record.ts';
import { MOST_UNSEEN, NEAR, WaitingLimit } from './waiting-limit.ts';

const RECORD = { kind: 'scheduled' } as ScheduledMessage;
const LOGGED: Logged = { id: 'm', epoch: 'e', offset: 1, isRepeat: false };

/** A log that others write to as well. */
function setUp({ count = 0, size = count, moves = 0 }: { count?: number; size?: number; moves?: number } = {}) {
  const calls: string[] = [];
  const open: (() => void)[] = [];
  const state = { count, size };
  const pending = {
    countOf: () => state.count,
    get size() {
      return state.size;
    },
  };
  let left = moves;
  const limit = new WaitingLimit({
    pending,
    log: {
      append: () => {
        calls.push('append');
        return new Promise((resolve) => open.push(() => resolve(LOGGED)));
      },
      appendIfRead: async () => {
        calls.push('append if read');
        return left-- > 0 ? undefined : LOGGED;
      },
      catchUp: async () => void calls.push('catch up'),
    },
  });
  const append = (max: number) => limit.append(RECORD, undefined, { pattern: 'p', max });
  return { append, calls, open, state };
}

describe('the limit of messages that wait', () => {
  it.each([
    ['far from it, without counting', { count: 5 }, NEAR + 5, ['append']],
    ['near it, only if everything before was read', { count: 6 }, NEAR + 5, ['append if read']],
    ['near the limit of all rules, too', { count: 0, size: 50_000 - NEAR + 1 }, 10_000, ['append if read']],
    [
      'again if others were faster',
      { moves: 2 },
      3,
      ['append if read', 'catch up', 'append if read', 'catch up', 'append if read'],
    ],
  ])('accepts messages %s', async (_, state, max, expected) => {
    const { append, calls, open } = setUp(state);
    const appended = append(max);
    for (const answer of open) answer();
    expect(await appended).toEqual(LOGGED);
    expect(calls).toEqual(expected);
  });

  it.each([
    ['of the rule', { count: 3 }, 3],
    ['of all rules', { count: 0, size: 50_000 }, 10_000],
  ])('refuses messages beyond that %s', async (_, state, max) => {
    const { append, calls } = setUp(state);
    expect(await append(max)).toMatchObject({ error: 'too_many_scheduled' });
    expect(calls).toEqual([]);
  });

  it('refuses a message for now that others always overtake', async () => {
    const { append } = setUp({ moves: Number.POSITIVE_INFINITY });
    const refusal = await append(3);
    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).body).toMatchObject({ name: 'unavailable', retryable: true });
  });

  it('lets messages wait in their order while a node appends many without counting', async () => {
    const { append, calls, open } = setUp();
    const done: number[] = [];
    const all = Array.from({ length: MOST_UNSEEN + 2 }, (_, at) => append(10_000).then(() => done.push(at)));
    expect(calls).toHaveLength(MOST_UNSEEN);
    for (let at = 0; at < all.length; at++) {
      open[at]?.();
      await all[at];
    }
    expect(calls).toEqual(all.map(() => 'append'));
    expect(done).toEqual(all.map((_, at) => at));
  });

  it('counts messages that have waited until the limit is near', async () => {
    const { append, calls, open, state } = setUp();
    const all = Array.from({ length: MOST_UNSEEN + 2 }, () => append(10_000));
    state.count = 10_000 - NEAR + 1;
    for (const answer of open) answer();
    await Promise.all(all);
    expect(calls.filter((call) => call === 'append')).toHaveLength(MOST_UNSEEN);
    expect(calls.filter((call) => call === 'append if read')).toHaveLength(2);
  });
});
