import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../src/auth/identity.ts';
import { BridgeFeed, FeedLost } from '../src/bridges/bridge-feed.ts';
import { ENGINE_RETRY } from '../src/channels/budgets.ts';
import type { ConfigInput } from '../src/config/config.ts';
import { EngineUnavailable } from '../src/engine/engine.ts';
import { MOST_DEAD } from '../src/engine/groups.ts';
import { Refusal } from '../src/refusal.ts';
import { createWorld } from './support/world.ts';

const CONFIG: ConfigInput = { channels: { orders: { history: true, groups: { g: { start: 'oldest' } } } } };

/** A gateway with these messages, and the parts of a feed of one of its groups. */
async function start(messages: number, config = CONFIG) {
  const world = await createWorld(config);
  const { groups } = world.services;
  const target = groups?.find('orders', PROGRAM, 'g');
  if (groups === undefined || target === undefined || target instanceof Refusal) throw new Error('there is no group');
  for (let n = 1; n <= messages; n++) await world.gateway.publish('orders', n);
  return { world, parts: { groups, store: groups.store, target } };
}

type Parts = Awaited<ReturnType<typeof start>>['parts'];

/** Somebody else fences the group, and claims everything. */
async function takeOver({ store, target: { ref, rule } }: Parts): Promise<number[]> {
  await store.fence(ref, rule.delivery, 'another');
  const request = { token: 'theirs', max: 100, maxLength: 1e6, fence: 'another' };
  const { deliveries } = await store.claim(ref, rule.delivery, request);
  return deliveries.map(({ message }) => message.offset);
}

const offsetsOf = async (feed: BridgeFeed): Promise<number[]> =>
  (await feed.next(10)).messages.map(({ message }) => message.offset);

describe('the feed of a bridge', () => {
  it('begins at the first message that was not acknowledged', async () => {
    const { parts } = await start(3);
    for (let attempts = 0; attempts < 2; attempts++) {
      const feed = await BridgeFeed.open(parts);
      expect(await offsetsOf(feed)).toEqual([1, 2, 3]);
      feed.close();
    }
    const feed = await BridgeFeed.open(parts);
    await feed.next(10);
    await feed.acknowledge();
    feed.close();
    const { store, target } = parts;
    expect(await store.stats(target.ref, target.rule.delivery)).toMatchObject({ floor: 3, inFlight: 0 });
  });

  it('ends when it claims and another has fenced the group, and leaves it all messages', async () => {
    const { world, parts } = await start(0);
    const feed = await BridgeFeed.open(parts);
    const next = expect(feed.next(10)).rejects.toBeInstanceOf(FeedLost);
    await world.idle();
    await parts.store.fence(parts.target.ref, parts.target.rule.delivery, 'another');
    await world.gateway.publish('orders', 1);
    await next;
    await expect(feed.next(10)).rejects.toBeInstanceOf(FeedLost);
    expect(await takeOver(parts)).toEqual([1]);
  });

  it('acknowledges nothing once another has fenced the group', async () => {
    const { parts } = await start(2);
    const feed = await BridgeFeed.open(parts);
    expect(await offsetsOf(feed)).toEqual([1, 2]);
    expect(await takeOver(parts)).toEqual([1, 2]);
    await expect(feed.acknowledge()).rejects.toBeInstanceOf(FeedLost);
  });

  it('ends if a claim was executed and not answered, because the next one would bring later messages', async () => {
    const { parts } = await start(2);
    const { store } = parts;
    const claim = store.claim.bind(store);
    store.claim = async (...args) => {
      store.claim = claim;
      await claim(...args);
      throw new EngineUnavailable('the connection was lost');
    };
    const feed = await BridgeFeed.open(parts);
    await expect(feed.next(10)).rejects.toBeInstanceOf(FeedLost);
    expect(await offsetsOf(await BridgeFeed.open(parts))).toEqual([1, 2]);
  });

  describe('whose acknowledgement is not answered', () => {
    /** The engine does not answer some calls that settle deliveries: the first ones, unless `after` others. */
    const failing = (
      parts: Parts,
      { after = 0, times, isExecuted }: { after?: number; times: number; isExecuted: boolean },
    ) => {
      const { store } = parts;
      const settle = store.settle.bind(store);
      let calls = 0;
      store.settle = async (...args) => {
        calls++;
        if (calls <= after || calls > after + times) return settle(...args);
        if (isExecuted) await settle(...args);
        throw new EngineUnavailable('the connection was lost');
      };
    };

    type World = Awaited<ReturnType<typeof start>>['world'];
    const retry = async (world: World, times: number) => {
      for (let at = 0; at < times; at++) {
        await world.idle();
        world.clock.advance(ENGINE_RETRY);
      }
    };

    it.each([true, false])('tries again; the call was executed: %s', async (isExecuted) => {
      const { world, parts } = await start(3);
      const feed = await BridgeFeed.open(parts);
      expect(await offsetsOf(feed)).toEqual([1, 2, 3]);
      failing(parts, { times: 2, isExecuted });
      const acknowledged = feed.acknowledge();
      await retry(world, 3);
      await acknowledged;
      const { store, target } = parts;
      expect(await store.stats(target.ref, target.rule.delivery)).toMatchObject({ floor: 3, inFlight: 0 });
    });

    it.each([0, 1, 2].flatMap((after) => [true, false].map((isExecuted) => ({ after, isExecuted }))))(
      'rejects each message once, whichever call has no answer: %j',
      async ({ after, isExecuted }) => {
        const { world, parts } = await start(4);
        const feed = await BridgeFeed.open(parts);
        await feed.next(10);
        failing(parts, { after, times: 1, isExecuted });
        const dead = new Map([1, 3].map((offset) => [offset, 'it is too large']));
        const acknowledged = feed.acknowledge(dead);
        await retry(world, 2);
        expect(await acknowledged).toBe(0);
        const { store, target } = parts;
        expect(await store.stats(target.ref, target.rule.delivery)).toMatchObject({ floor: 4, inFlight: 0, dead: 2 });
      },
    );

    it.each([true, false])(
      'says which messages are lost because the list is full; executed: %s',
      async (isExecuted) => {
        const { world, parts } = await start(3);
        const { store } = parts;
        const stats = store.stats.bind(store);
        store.stats = async (...args) => ({ ...(await stats(...args)), dead: MOST_DEAD - 1 });
        const feed = await BridgeFeed.open(parts);
        await feed.next(10);
        failing(parts, { after: 1, times: 1, isExecuted });
        const acknowledged = feed.acknowledge(new Map([1, 2].map((offset) => [offset, 'it is too large'])));
        await retry(world, 2);
        expect(await acknowledged).toBe(1);
      },
    );

    it('says that it waits, and that it goes on', async () => {
      const { world, parts } = await start(3);
      const waits: (string | undefined)[] = [];
      const feed = await BridgeFeed.open({ ...parts, onWait: (reason) => waits.push(reason) });
      await feed.next(1);
      await feed.next(10);
      await feed.acknowledge();
      expect(waits).toEqual([]);
      failing(parts, { times: 2, isExecuted: false });
      const acknowledged = feed.acknowledge();
      await retry(world, 3);
      await acknowledged;
      expect(waits).toEqual(['the engine does not answer', undefined]);
    });

    it('gives up when it is closed', async () => {
      const { parts } = await start(3);
      const feed = await BridgeFeed.open(parts);
      await feed.next(10);
      failing(parts, { times: 9, isExecuted: false });
      const acknowledged = expect(feed.acknowledge()).rejects.toBeInstanceOf(EngineUnavailable);
      feed.finish();
      feed.close();
      await acknowledged;
    });
  });

  it('acknowledges the beginning of a batch, and what it returned before it was finished', async () => {
    const { parts } = await start(3);
    const feed = await BridgeFeed.open(parts);
    await feed.next(10);
    feed.finish();
    expect(await feed.next(10)).toEqual({ gaps: [], messages: [] });
    expect(await feed.acknowledge(new Map(), 2)).toBe(0);
    expect(await offsetsOf(await BridgeFeed.open(parts))).toEqual([3]);
  });

  it('claims few large messages ahead', async () => {
    const channels = {
      orders: { history: { count: 9, age: '1h' }, maxPayload: '8MiB', groups: { g: { start: 'oldest' } } },
    };
    const { world, parts } = await start(0, { channels, limits: { maxFrame: '16MiB' } } as ConfigInput);
    const size = 6 * 1_048_576;
    for (let n = 0; n < 6; n++) await world.gateway.publish('orders', 'x'.repeat(size));
    const feed = await BridgeFeed.open(parts);
    await world.idle();
    const { store, target } = parts;
    expect(await store.stats(target.ref, target.rule.delivery)).toMatchObject({ inFlight: 3 });
    expect((await feed.next(10, 2 * size)).messages).toHaveLength(1);
    await world.idle();
    expect(await store.stats(target.ref, target.rule.delivery)).toMatchObject({ inFlight: 4 });
    feed.close();
  });

  it('that was closed returns nothing, also if another has fenced the group', async () => {
    const { parts } = await start(2);
    const feed = await BridgeFeed.open(parts);
    feed.close();
    expect(await takeOver(parts)).toEqual([1, 2]);
    expect(await feed.next(10)).toEqual({ gaps: [], messages: [] });
  });
});
