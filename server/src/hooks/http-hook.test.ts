import { describe, expect, it, vi } from 'vitest';
import { CallFailed } from '../outgoing/call-failed.ts';
import type { HttpClient } from '../outgoing/http-client.ts';
import { ManualClock } from '../util/clock.ts';
import { readAnswer } from './hook-answer.ts';
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
    ['{"allow":true,"data":{"n":0.12345678901234567890}}', 'data.n'],
    ['{"allow":true,"data":[9007199254740993]}', 'data[0]'],
  ])('may not answer with a number that JavaScript rounds: %s', async (answer, path) => {
    const hook = hookTo(async () => answer);
    let found: unknown;
    const read = (value: unknown) => {
      found = value;
      return { allow: true };
    };
    await hook.ask({ kind: 'publish', calls: [call], timeout: 1_000, traceparent: undefined, read });
    expect(() => readAnswer('publish', found)).toThrow(path);
  });

  describe('while calls wait for one another', () => {
    /** A service that a test answers for: `timeout` is what the gateway left for the call. */
    function slowHook() {
      const clock = new ManualClock();
      const posts: {
        readonly timeout: number;
        readonly resolve: (body: string) => void;
        readonly reject: (error: Error) => void;
      }[] = [];
      const pauses: number[] = [];
      const client = {
        post: ({ timeout }: { readonly timeout: number }) =>
          new Promise((resolve, reject) => {
            posts.push({ timeout, resolve: (body) => resolve({ status: 200, body }), reject });
          }),
      } as unknown as HttpClient;
      const target = { kind: 'http', url: 'http://a.example/', keys: [], concurrency: 1, maxAnswer: 1_000 } as const;
      const parts = { node: 'n1', nextId: () => '1', onBreaker: (pause: number) => void pauses.push(pause) };
      const hook = new HttpHook({ target, client, clock, ...parts });
      const asked = (): Promise<unknown> => ask(hook, 1).catch((error: unknown) => error);
      const posted = (count: number) => vi.waitUntil(() => posts.length === count, { interval: 0 });
      return { clock, posts, pauses, asked, posted };
    }

    const timedOut = new CallFailed('timeout', 'did not answer');

    it.each([
      ['of which the wait has used up half', 500, 'timeout', timedOut, false],
      ['that had all of its time', 0, 'timeout', timedOut, true],
      [
        'whose answer is an error, although it waited',
        500,
        'status',
        new CallFailed('status', 'answered with 500'),
        true,
      ],
      ['for which no connection was free', 0, 'overloaded', new CallFailed('overloaded', 'waited'), false],
    ])('counts a failed call %s: waited %i ms, %s', async (_, wait, failure, error, counts) => {
      const slow = slowHook();
      const first = slow.asked();
      const others = Array.from({ length: 5 }, () => slow.asked());
      await slow.posted(1);
      slow.clock.advance(wait);
      slow.posts[0]?.resolve('true');
      await first;
      for (const [at, other] of others.entries()) {
        await slow.posted(at + 2);
        slow.posts[at + 1]?.reject(error);
        expect(await other).toMatchObject({ failure });
      }
      expect(slow.pauses.length > 0).toBe(counts);
    });

    it('does not send a call that has almost no time left', async () => {
      const slow = slowHook();
      const first = slow.asked();
      const second = slow.asked();
      await slow.posted(1);
      slow.clock.advance(950);
      slow.posts[0]?.resolve('true');
      await first;
      expect(await second).toMatchObject({ failure: 'overloaded', message: expect.stringContaining('waited 950 ms') });
      expect(slow.posts).toHaveLength(1);
      const third = slow.asked();
      await slow.posted(2); // the next one has its turn
      slow.posts[1]?.resolve('true');
      expect(await third).toEqual([{ allow: true }]);
    });
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
