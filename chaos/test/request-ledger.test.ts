import { describe, expect, it } from 'vitest';
import { type Behaviour, type Outcome, RequestLedger, repliesTo } from '../src/work/request-ledger.ts';

/** Asks, executes, and returns what is wrong with the end. */
function end(behaviour: Behaviour, outcome: Outcome, { executions = 1 } = {}): string | undefined {
  const requests = new RequestLedger();
  const question = { n: 1, behaviour };
  requests.asked(question);
  for (let count = 0; count < executions; count++) requests.executed(question);
  expect(requests.pending).toBe(1);
  const problem = requests.ended(1, outcome);
  expect(requests.pending).toBe(0);
  return problem;
}

const replies = (behaviour: Behaviour): Outcome => ({ replies: repliesTo({ n: 1, behaviour }) });
const failed = (code: string): Outcome => ({ error: 'responder_failed', code });

describe('the end of a request', () => {
  it.each<[Behaviour, Outcome, number]>([
    ['reply', replies('reply'), 1],
    ['slow', replies('reply'), 1],
    ['stream', replies('stream'), 1],
    ['refuse', failed('refused'), 1],
    ['throw', failed('internal'), 1],
    ['reply', { error: 'no_responders' }, 0],
    ['reply', { error: 'connection_lost' }, 1],
  ])('%s: %o is right', (behaviour, outcome, executions) => {
    expect(end(behaviour, outcome, { executions })).toBeUndefined();
  });

  it.each<[string, Behaviour, Outcome, number, RegExp]>([
    ['replies of another request', 'reply', { replies: [{ n: 2 }] }, 1, /received \[{"n":2}\] instead of/],
    ['a missing reply', 'stream', { replies: repliesTo({ n: 1, behaviour: 'stream' }).slice(1) }, 1, /instead of/],
    ['replies that nobody sent', 'reply', replies('reply'), 0, /nobody executed it/],
    ['a reply instead of an error', 'refuse', { replies: [{ n: 1 }] }, 1, /instead of \[\]/],
    ['an error instead of a reply', 'reply', failed('internal'), 1, /the responder's error internal/],
    ['another error of the responder', 'refuse', failed('internal'), 1, /the responder's error internal/],
    ['an error of nobody', 'refuse', failed('refused'), 0, /nobody executed it/],
    [
      'an error that has nothing to do with faults',
      'reply',
      { error: 'permission_denied' },
      0,
      /ended with permission_denied/,
    ],
    ['an error without a name', 'reply', { error: 'TypeError: x' }, 0, /ended with TypeError/],
  ])('%s is wrong', (_, behaviour, outcome, executions, complaint) => {
    expect(end(behaviour, outcome, { executions })).toMatch(complaint);
  });
});

describe('the ledger of requests', () => {
  it('reports a request that is executed twice, ends twice, or was never asked', () => {
    const requests = new RequestLedger();
    const question = { n: 1, behaviour: 'reply' } as const;
    expect(requests.executed(question)).toMatch(/nobody asked/);
    expect(requests.ended(1, { replies: [] })).toMatch(/nobody asked/);
    requests.asked(question);
    expect(requests.executed(question)).toBeUndefined();
    expect(requests.executed(question)).toMatch(/executed 2 times/);
    expect(requests.ended(1, { error: 'responder_lost' })).toBeUndefined();
    expect(requests.ended(1, replies('reply'))).toMatch(/ended twice/);
  });

  it('counts requests by how they ended', () => {
    const requests = new RequestLedger();
    for (const n of [1, 2, 3]) {
      requests.asked({ n, behaviour: 'reply' });
      if (n > 1) requests.executed({ n, behaviour: 'reply' });
      requests.ended(n, n > 1 ? { replies: [{ n }] } : { error: 'no_responders' });
    }
    expect([...requests.counts]).toEqual([
      ['no_responders', 1],
      ['answered', 2],
    ]);
  });
});
