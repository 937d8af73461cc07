import { afterEach, beforeEach, describe, expect, it, type Mock, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import { respond } from '../src/requests/index.ts';
import { FakeGateway, turn } from './support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;
let onError: Mock<(error: Error) => void>;

beforeEach(() => {
  vi.useFakeTimers();
  gateway = new FakeGateway();
  client = gateway.client({ token: () => 'token' });
  onError = vi.fn();
});

afterEach(() => {
  client.close();
  vi.useRealTimers();
});

/** Yields these values, then waits. `returned` counts how often it was ended. */
function source(...values: unknown[]) {
  const state = { returned: 0, asked: 0 };
  const iterator: AsyncIterator<unknown> = {
    next: async () => {
      const value = values[state.asked++];
      if (value instanceof Error) throw value;
      if (value === 'end') return { done: true, value: undefined };
      return value === undefined ? new Promise<never>(() => {}) : { done: false, value };
    },
    return: async () => {
      state.returned++;
      return { done: true, value: undefined };
    },
  };
  return { state, replies: { [Symbol.asyncIterator]: () => iterator } };
}

/** A request that this iterable answers. */
async function stream(replies: AsyncIterable<unknown>): Promise<void> {
  respond(client.channel('a'), () => replies as never, { onError });
  await turn();
  await gateway.socket.accept();
  gateway.socket.reply('respond', {});
  gateway.socket.push({ type: 'requests', channel: 'a', requests: [{ request: 'r1', data: 1, timeout: 1000 }] });
  await turn();
}

const replies = () => gateway.socket.sent('reply').map(({ id, type, request, ...rest }) => rest);

describe('the iterable of a responder', () => {
  it.each(['request_ended', 'payload_invalid'])('ends while it waits, when a reply is refused: %s', async (name) => {
    const { state, replies } = source(1);
    await stream(replies);
    gateway.socket.refuse('reply', name);
    await turn();
    expect(state).toEqual({ returned: 1, asked: 2 });
  });

  it('ends at the first value that is not JSON, and the requester is told', async () => {
    const { state, replies: values } = source(1, new Map(), 3);
    await stream(values);
    expect([state.returned, replies()]).toEqual([1, [{ data: 1, more: true }, { error: { code: 'invalid_reply' } }]]);
  });

  it('ends when the request is cancelled', async () => {
    const { state, replies } = source(1);
    await stream(replies);
    gateway.socket.push({ type: 'cancelled', channel: 'a', request: 'r1', reason: 'asked' });
    await turn();
    expect(state.returned).toBe(1);
  });

  it.each([
    ['is done', ['end']],
    ['throws', [new Error('mine')]],
  ])('is not ended again if it %s', async (_, values) => {
    const { state, replies } = source(...values);
    await stream(replies);
    for (const { id } of gateway.socket.sent('reply')) gateway.socket.push({ type: 'reply', id, result: {} });
    await turn();
    expect(state.returned).toBe(0);
  });

  it('that fails when it is ended is reported', async () => {
    const mistake = new Error('mine');
    await stream(
      (async function* () {
        try {
          for (;;) yield new Map();
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: the mistake that is tested
          throw mistake;
        }
      })(),
    );
    expect(onError.mock.calls.flat()).toContain(mistake);
  });
});
