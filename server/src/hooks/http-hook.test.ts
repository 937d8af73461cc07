import { describe, expect, it } from 'vitest';
import { CallFailed } from '../outgoing/call-failed.ts';
import type { HttpClient } from '../outgoing/http-client.ts';
import { ManualClock } from '../util/clock.ts';
import { HttpHook } from './http-hook.ts';

const MOST_WAITING = 10_000;
const call = { hook: 'publish', user: 'ada', claims: {} } as const;

/** A hook with one call at a time, to a service that answers like this. */
function hookTo(post: () => Promise<string>): HttpHook {
  const client = { post: async () => ({ status: 200, body: await post() }) } as unknown as HttpClient;
  const target = { kind: 'http', url: 'http://a.example/', keys: [], concurrency: 1, maxAnswer: 1_000 } as const;
  const parts = { node: 'n1', nextId: () => '1', onBreaker: () => {} };
  return new HttpHook({ target, client, clock: new ManualClock(), ...parts });
}

const invalid = new CallFailed('invalid', 'not an answer');

const ask = (hook: HttpHook, count: number) =>
  hook.ask({
    kind: 'publish',
    calls: Array.from({ length: count }, () => call),
    timeout: 1_000,
    traceparent: undefined,
    read: (answer) => (answer === null ? invalid : { allow: answer === true }),
  });

describe('a hook over HTTP', () => {
  it('refuses calls while 10,000 wait', async () => {
    const hook = hookTo(() => new Promise<never>(() => {}));
    for (let at = 0; at <= MOST_WAITING; at++) void ask(hook, 1);
    await expect(ask(hook, 1)).rejects.toMatchObject({ failure: 'overloaded', message: '10000 calls wait' });
  });

  it.each([
    ['one answer for all questions', true, [{ allow: true }, { allow: true }]],
    ['an answer for each', { answers: [true, false] }, [{ allow: true }, { allow: false }]],
    ['an invalid answer among others', { answers: [null, true] }, [invalid, { allow: true }]],
    ['too few', { answers: [true] }, null],
    ['too many', { answers: [true, true, true] }, null],
    ['a text for the answers', { answers: 'no' }, null],
  ])('reads %s', async (_, reply, answers) => {
    const asked = ask(
      hookTo(async () => JSON.stringify(reply)),
      2,
    );
    if (answers === null) await expect(asked).rejects.toMatchObject({ failure: 'invalid' });
    else expect(await asked).toEqual(answers);
  });
});
