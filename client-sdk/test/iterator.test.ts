import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import type { Message } from '../src/channel-api.ts';
import { connectedClient, restoreGlobals } from './support/connected-client.ts';
import { type FakeGateway, turn } from './support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(async () => {
  ({ gateway, client } = await connectedClient());
});

afterEach(restoreGlobals);

type Iterator = AsyncGenerator<Message, void, void>;

const DONE = { done: true, value: undefined };

/** States in which an iteration can end. Each function creates one, with pending `next` calls. */
const STATES: Readonly<Record<string, () => Promise<{ iterator: Iterator; waiting: Promise<unknown>[] }>>> = {
  'that has not started': async () => ({ iterator: client.channel('a').messages(), waiting: [] }),
  'that waits for the gateway': async () => {
    const iterator = client.channel('a').messages();
    const waiting = [iterator.next(), iterator.next()];
    await turn();
    return { iterator, waiting };
  },
  'that waits for a message': async () => {
    const iterator = client.channel('a').messages();
    const waiting = [iterator.next(), iterator.next(), iterator.next()];
    await turn();
    gateway.socket.subscribed();
    await turn();
    return { iterator, waiting };
  },
  'with buffered messages': async () => {
    const iterator = client.channel('a').messages();
    const first = iterator.next();
    await turn();
    gateway.socket.subscribed();
    gateway.socket.messages('a', [1, 2, 3]);
    expect(await first).toMatchObject({ done: false, value: { offset: 1 } });
    return { iterator, waiting: [] };
  },
  'without a connection': async () => {
    const iterator = client.channel('a').messages();
    const waiting = [iterator.next()];
    await turn();
    gateway.socket.drop();
    await turn();
    return { iterator, waiting };
  },
  'that has ended': async () => {
    const iterator = client.channel('a').messages();
    await iterator.return();
    return { iterator, waiting: [] };
  },
};

describe.each(Object.entries(STATES))('an iteration %s', (_, make) => {
  it('ends by return: pending calls get "done" immediately', async () => {
    const { iterator, waiting } = await make();
    const end = iterator.return();
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => DONE));
    expect(await end).toEqual(DONE);
    expect([await iterator.next(), await iterator.return(), await iterator.next()]).toEqual([DONE, DONE, DONE]);
  });

  it('ends by throw, and rejects with the thrown value', async () => {
    const { iterator, waiting } = await make();
    const mine = new Error('mine');
    const end = iterator.throw(mine);
    await expect(end).rejects.toBe(mine);
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => DONE));
    expect(await iterator.next()).toEqual(DONE);
  });

  it('leaves nothing open', async () => {
    const { iterator, waiting } = await make();
    await iterator.return();
    await Promise.all(waiting);
    await turn();
    if (client.state === 'connected' && gateway.socket.sent('subscribe').length > 0) {
      gateway.socket.subscribed();
      await turn();
      expect(gateway.socket.sent('unsubscribe')).toHaveLength(1);
      gateway.socket.reply('unsubscribe', {});
    }
    client.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['before', 'while', 'after'] as const)('ends when its signal is aborted %s it waits', async (when) => {
    const controller = new AbortController();
    const iterator = client.channel('b').messages({ signal: controller.signal });
    if (when === 'before') controller.abort();
    const waiting = [iterator.next(), iterator.next()];
    await turn();
    if (when === 'after') await iterator.return();
    controller.abort();
    expect(await Promise.all(waiting)).toEqual([DONE, DONE]);
    expect(await iterator.next()).toEqual(DONE);
  });
});

describe('several concurrent next calls', () => {
  it('receive the messages in order', async () => {
    const iterator = client.channel('a').messages();
    const results = [iterator.next(), iterator.next(), iterator.next()];
    await turn();
    gateway.socket.subscribed();
    gateway.socket.messages('a', [1, 2]);
    gateway.socket.messages('a', [3, 4]);
    expect((await Promise.all(results)).map(({ value }) => (value as Message).offset)).toEqual([1, 2, 3]);
    expect((await iterator.next()).value).toMatchObject({ offset: 4 });
  });

  it('receive a refusal once; the others are done', async () => {
    const iterator = client.channel('a').messages();
    const results = [iterator.next(), iterator.next()];
    const outcome = Promise.allSettled(results);
    await turn();
    gateway.socket.refuse('subscribe', 'permission_denied');
    expect(await outcome).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ name: 'permission_denied' }) },
      { status: 'fulfilled', value: DONE },
    ]);
    expect(await iterator.next()).toEqual(DONE);
  });

  it('are done when the client closes', async () => {
    const iterator = client.channel('a').messages();
    const results = [iterator.next(), iterator.next()];
    await turn();
    client.close();
    expect(await Promise.all(results)).toEqual([DONE, DONE]);
  });
});

describe('a long-lived signal', () => {
  /** A signal that counts its listeners. */
  function counted(): { signal: AbortSignal; listeners: () => number; abort: () => void } {
    const controller = new AbortController();
    const { signal } = controller;
    let count = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    const known = new Set<unknown>();
    signal.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
      if (!known.has(listener)) count++;
      known.add(listener);
      add(type, listener);
    };
    signal.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
      if (known.delete(listener)) count--;
      remove(type, listener);
    };
    return { signal, listeners: () => count, abort: () => controller.abort() };
  }

  it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
    [
      'an ended subscription',
      async (signal) =>
        client
          .channel('a')
          .subscribe(() => {}, { signal })
          .unsubscribe(),
    ],
    [
      'a refused subscription',
      async (signal) => {
        const subscription = client.channel('a').subscribe(() => {}, { signal, onError: () => {} });
        await turn();
        gateway.socket.refuse('subscribe', 'permission_denied');
        await subscription.ready.catch(() => {});
      },
    ],
    [
      'an iteration',
      async (signal) => {
        const iterator = client.channel('a').messages({ signal });
        void iterator.next();
        await turn();
        await iterator.return();
      },
    ],
    [
      'an answered publish',
      async (signal) => {
        const published = client.channel('a').publish(1, { signal });
        await turn();
        gateway.socket.reply('publish', { id: 'm', epoch: 'e', offset: 1 });
        await published;
      },
    ],
    [
      'a refused publish',
      async (signal) => {
        const published = client.channel('a').publish(1, { signal });
        await turn();
        gateway.socket.refuse('publish', 'permission_denied');
        await published.catch(() => {});
      },
    ],
    [
      'a page of history that arrives too late',
      async (signal) => {
        const page = client.channel('a').history({ signal });
        page.catch(() => {});
        await vi.advanceTimersByTimeAsync(15_001);
        await page.catch(() => {});
      },
    ],
    [
      'a page of members',
      async (signal) => {
        const page = client.channel('a').presence.page({ signal });
        await turn();
        gateway.socket.reply('members', { total: 0, members: [] });
        await page;
      },
    ],
  ])('has no listeners after %s', async (_, use) => {
    const { signal, listeners } = counted();
    for (let n = 0; n < 3; n++) await use(signal);
    await turn();
    expect(listeners()).toBe(0);
  });

  it('has no listeners after the client closes or the signal aborts', async () => {
    for (const how of ['close', 'abort'] as const) {
      const world = await connectedClient();
      const { signal, listeners, abort } = counted();
      const channel = world.client.channel('a');
      channel.subscribe(() => {}, { signal });
      channel.publish(1, { signal }).catch(() => {});
      channel.history({ signal }).catch(() => {});
      void channel.messages({ signal }).next();
      await turn();
      expect(listeners()).toBe(4);
      if (how === 'close') world.client.close();
      else abort();
      await turn();
      expect(listeners(), how).toBe(0);
      world.client.close();
    }
  });
});
