import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consume, type Delivery } from '../src/queues/index.ts';
import { request, respond } from '../src/requests/index.ts';
import { createTestClient } from '../src/testing/testing.ts';

let kit: ReturnType<typeof createTestClient>;

beforeEach(() => {
  kit = createTestClient({ user: 'ada' });
});
afterEach(() => kit.gateway.close());

/** A handler that never ends. */
const never = () => new Promise<never>(() => {});

const outcome = (work: Promise<unknown>) => {
  const seen: unknown[] = [];
  work.then(
    (value) => seen.push(value),
    (error) => seen.push(error.name ?? error),
  );
  return seen;
};

describe('a queue of the in-memory gateway', () => {
  it('delivers a message five times', async () => {
    const attempts: number[] = [];
    const handler = ({ attempt }: Delivery) => {
      attempts.push(attempt);
      throw new Error('again');
    };
    consume(kit.client.channel('jobs:a'), handler, { onError: () => {} });
    kit.gateway.publish('jobs:a', 1);
    await kit.gateway.settled();
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
  });

  it('gives a consumer no more than it takes at a time', async () => {
    const seen: unknown[] = [];
    let finish = () => {};
    const handler = ({ message }: Delivery) => {
      seen.push(message.data);
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    };
    consume(kit.client.channel('jobs:a'), handler, { prefetch: 2 });
    await kit.gateway.settled();
    for (const data of [1, 2, 3]) kit.gateway.publish('jobs:a', data);
    await kit.gateway.settled();
    expect(seen).toEqual([1, 2]);
    finish();
    await kit.gateway.settled();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('leaves the deliveries of open connections where they are when the grace period ends', async () => {
    const seen: unknown[] = [];
    const handler = ({ attempt }: Delivery) => {
      seen.push(attempt);
      return never();
    };
    consume(kit.client.channel('jobs:a'), handler);
    await kit.gateway.settled();
    kit.gateway.publish('jobs:a', 1);
    await kit.gateway.settled();
    kit.gateway.endGrace();
    await kit.gateway.settled();
    expect(seen).toEqual([1]);
  });
});

describe('requests of the in-memory gateway', () => {
  it('wait for a responder that is busy', async () => {
    const finish: (() => void)[] = [];
    const handler = ({ data }: { data: unknown }) => new Promise((resolve) => finish.push(() => resolve(data)));
    respond(kit.gateway.client('bob').channel('a'), handler, { concurrency: 1 });
    await kit.gateway.settled();
    const replies = [1, 2, 3].map((n) => request(kit.client.channel('a'), n));
    for (let n = 1; n <= 3; n++) {
      await kit.gateway.settled();
      expect(finish).toHaveLength(n);
      finish.at(-1)?.();
    }
    expect(await Promise.all(replies)).toEqual([1, 2, 3]);
  });

  it('fail when their responder leaves', async () => {
    const bob = kit.gateway.client('bob');
    respond(bob.channel('a'), never);
    await kit.gateway.settled();
    const seen = outcome(request(kit.client.channel('a'), 1));
    await kit.gateway.settled();
    bob.close();
    await kit.gateway.settled();
    expect(seen).toEqual(['responder_lost']);
  });

  it('are answered only by their responder', async () => {
    respond(kit.gateway.client('bob').channel('a'), never);
    await kit.gateway.settled();
    const seen = outcome(request(kit.client.channel('a'), 1));
    const socket = kit.gateway.socket('eve');
    const received: { readonly type: string; readonly error?: { readonly name: string } }[] = [];
    socket.onmessage = ({ data }: { data: unknown }) => void received.push(...[JSON.parse(data as string)].flat());
    await kit.gateway.settled();
    const forged = { type: 'reply', id: 2, request: 'request-1', data: 'forged' };
    socket.send(JSON.stringify([{ type: 'connect', id: 1, client: 'test' }, forged]));
    await kit.gateway.settled();
    expect(received.at(-1)).toMatchObject({ type: 'error', error: { name: 'request_ended' } });
    expect(seen).toEqual([]);
  });

  it('are cancelled when their requester leaves', async () => {
    const signals: AbortSignal[] = [];
    const handler = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return never();
    };
    respond(kit.gateway.client('bob').channel('a'), handler);
    await kit.gateway.settled();
    const seen = outcome(request(kit.client.channel('a'), 1));
    await kit.gateway.settled();
    kit.client.close();
    await kit.gateway.settled();
    expect([signals[0]?.aborted, seen]).toEqual([true, ['closed']]);
  });
});

describe('the log of the in-memory gateway', () => {
  it('forgets keys when it begins anew', async () => {
    const channel = kit.client.channel('a');
    const first = await channel.publish(1, { key: 'k' });
    expect(await channel.publish(1, { key: 'k' })).toEqual(first);
    kit.gateway.restart();
    await kit.gateway.settled();
    const again = await channel.publish(1, { key: 'k' });
    expect(again.offset).toBe(1);
    expect(again.epoch).not.toBe(first.epoch);
  });

  it('has the newest thousand messages', async () => {
    for (let n = 1; n <= 1_001; n++) kit.gateway.publish('a', n);
    const page = await kit.client.channel('a').history({ after: 0, limit: 1 });
    expect([page.first, page.messages[0]?.data]).toEqual([2, 2]);
  });
});

it('the in-memory gateway allows what was denied, and nothing else', async () => {
  const { client, gateway } = kit;
  for (const channel of ['a', 'b']) gateway.deny('publish', channel);
  gateway.allow('publish', 'a');
  await client.channel('a').publish(1);
  await expect(client.channel('b').publish(1)).rejects.toMatchObject({ name: 'permission_denied' });
});

describe('members of the in-memory gateway', () => {
  it('are the same after a reload', async () => {
    const { presence } = kit.client.channel('a');
    await presence.enter();
    kit.gateway.drop('ada');
    await kit.gateway.settled();
    expect(kit.gateway.members('a').list).toMatchObject([{ user: 'ada', connections: 1 }]);
  });

  it('leave no timer when the gateway is closed', async () => {
    vi.useFakeTimers();
    const bob = kit.gateway.client('bob');
    void bob.channel('a').presence.enter();
    await kit.gateway.settled();
    bob.close();
    await kit.gateway.settled();
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    kit.gateway.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});
