import { describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import { AnswerCache } from './answer-cache.ts';

const MOST = 20_000;
const subject = { user: 'ada', channel: 'chat:1', operation: 'subscribe' } as const;

function filled(count: number): AnswerCache {
  const cache = new AnswerCache(new ManualClock());
  for (let at = 0; at < count; at++) cache.keep(`k${at}`, { allow: true }, { subject, ttl: 1_000 });
  return cache;
}

describe('the remembered answers of hooks', () => {
  it('are at most 20,000', () => {
    expect(filled(MOST + 5).size).toBe(MOST);
  });

  it('are dropped in the order of their last use', () => {
    const cache = filled(MOST);
    cache.fresh('k0');
    cache.last('k1');
    cache.keep('one more', { allow: true }, { subject, ttl: 1_000 });
    const isThere = ['k0', 'k1', 'k2', 'k3', 'one more'].map((key) => cache.last(key) !== undefined);
    expect(isThere).toEqual([true, true, false, true, true]);
  });
});
