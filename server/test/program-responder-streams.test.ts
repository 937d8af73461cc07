import type { Json } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { ReplyError, type RequestFunction } from '../src/requests/program-responder.ts';
import { createWorld } from './support/world.ts';

async function start(answer: RequestFunction) {
  const world = await createWorld({ channels: { sum: { requests: { timeout: '1s' } } } });
  const faults: unknown[] = [];
  world.services.events.on('fault', ({ error }) => faults.push(error));
  world.gateway.respond('sum', answer);
  return { gateway: world.gateway, clock: world.clock, idle: () => world.idle(), faults };
}

/** Yields one value, and waits. Like a stream of the platform, it ends at once when it is returned. */
function waiting() {
  const state = { asked: 0, returned: 0 };
  const done = { done: true, value: undefined } as const;
  let end = () => {};
  const iterator: AsyncIterator<Json> = {
    next: () => {
      if (state.asked++ === 0) return Promise.resolve({ done: false, value: 1 });
      return new Promise((resolve) => {
        end = () => resolve(done);
      });
    },
    return: async () => {
      state.returned++;
      end();
      return done;
    },
  };
  return { state, answers: { [Symbol.asyncIterator]: () => iterator } };
}

describe('a function that answers with an iterable', () => {
  it('ends it while it waits, when the request is cancelled', async () => {
    const { state, answers } = waiting();
    const { gateway, idle } = await start(() => answers);
    const replies = gateway.requestMany('sum', null);
    expect(await replies.next()).toEqual({ done: false, value: 1 });
    await idle();
    expect(state.returned).toBe(0);
    await replies.return();
    await idle();
    expect(state.returned).toBe(1);
  });

  it('ends it while it waits, when the time for the next reply is over', async () => {
    const { state, answers } = waiting();
    const { gateway, idle, clock } = await start(() => answers);
    const replies = gateway.requestMany('sum', null);
    await replies.next();
    const next = expect(replies.next()).rejects.toMatchObject({ name: 'request_timeout' });
    await idle();
    clock.advance(1_000);
    await next;
    expect(state.returned).toBe(1);
  });

  it('reports that it fails when it is ended', async () => {
    const mistake = new Error('mine');
    const { gateway, idle, faults } = await start(() => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: () => Promise.reject(mistake),
      }),
    }));
    const replies = gateway.requestMany('sum', null);
    await replies.next();
    await replies.return();
    await idle();
    expect(faults).toContain(mistake);
  });

  it('ends the request if not even its error can be passed on', async () => {
    const { gateway, faults } = await start(() => {
      throw new ReplyError('no_stock', 'sold out', 1n as never);
    });
    await expect(gateway.request('sum', null)).rejects.toMatchObject({ name: 'responder_failed' });
    expect(faults.length).toBeLessThanOrEqual(1);
  });
});
