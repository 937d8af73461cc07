import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../src/auth/identity.ts';
import { BridgeFeed } from '../src/bridges/bridge-feed.ts';
import type { GroupGap } from '../src/engine/groups.ts';
import type { Groups } from '../src/groups/groups.ts';
import { Refusal } from '../src/refusal.ts';
import type { HttpReply } from '../src/transport/http.ts';
import { LoopbackStream } from '../src/transport/loopback-stream.ts';
import { connectWorker, enqueue, type Worker } from './support/worker.ts';
import { createWorld, type World } from './support/world.ts';

const API_KEY = 'an-API-key-that-only-tests-know';
const GROUP = 'billing';
const GAP = { from: { offset: 0 }, to: { offset: 4 }, reason: 'retention' };

function groupOf({ services }: World) {
  const { groups } = services;
  const target = groups?.find('short', PROGRAM, GROUP);
  if (groups === undefined || target === undefined || target instanceof Refusal) throw new Error('there is no group');
  return { groups, store: groups.store, target };
}

/** A group whose log has lost four messages, and holds four. */
async function start(): Promise<World> {
  const world = await createWorld({
    channels: { short: { allow: { consume: 'users' }, history: { count: 4 }, groups: { [GROUP]: {} } } },
    apiKeys: [{ name: 'backend', secret: API_KEY }],
  });
  const { store, target } = groupOf(world);
  await store.claim(target.ref, target.rule.delivery, { token: 'none', max: 0, maxLength: 1 });
  await enqueue(world, 'short', 8);
  return world;
}

/** The gaps that are not confirmed. @param fence of the group */
async function gapsOf(world: World, fence?: string): Promise<readonly GroupGap[]> {
  const { store, target } = groupOf(world);
  const claim = await store.claim(target.ref, target.rule.delivery, { token: 'none', max: 0, maxLength: 1, fence });
  return claim.gaps;
}

describe('a gap of a group', () => {
  const consume = async (world: World, prefetch = 10): Promise<Worker> => {
    const worker = await connectWorker(world, { channel: 'short' });
    await worker.consume({ group: GROUP, prefetch });
    await world.idle();
    return worker;
  };
  const notices = ({ client }: Worker) => client.received.filter(({ type }) => type === 'group_gap');
  const settle = (worker: Worker, type: 'ack' | 'extend') =>
    worker.client.result({ type, channel: 'short', group: GROUP, deliveries: [worker.last.id] });

  it('is reported to another consumer if the connection has closed before it settled a later delivery', async () => {
    const world = await start();
    const first = await consume(world);
    expect(notices(first)).toMatchObject([GAP]);
    first.peer.socket.cut();
    const second = await consume(world);
    expect(notices(second)).toMatchObject([GAP]);
    expect(await gapsOf(world)).toHaveLength(1);
  });

  it('is reported to a consumer that is there already if the one that was notified has gone', async () => {
    const world = await start();
    const [first, second] = [await consume(world, 1), await consume(world, 3)];
    expect([notices(first), notices(second)]).toMatchObject([[GAP], []]);
    first.peer.socket.cut();
    await settle(second, 'ack');
    await world.idle();
    expect(notices(second)).toMatchObject([GAP]);
  });

  it.each(['ack', 'extend'] as const)(
    'is reported once if its consumer answers a later delivery with "%s"',
    async (type) => {
      const world = await start();
      const first = await consume(world);
      await settle(first, type);
      await world.idle();
      expect(await gapsOf(world)).toEqual([]);
      first.peer.socket.cut();
      expect(notices(await consume(world))).toEqual([]);
    },
  );

  it('is not confirmed by a delivery that was sent before it', async () => {
    const world = await start();
    const worker = await consume(world, 1);
    await settle(worker, 'ack');
    await world.idle();
    const earlier = worker.last.id;
    await enqueue(world, 'short', 8);
    world.services.groups?.dispatcher(groupOf(world).target.ref).mark();
    await world.idle();
    await settle(worker, 'extend');
    expect(worker.last.id).toBe(earlier);
    await enqueue(world, 'short', 1);
    await world.idle();
    expect(await gapsOf(world)).toHaveLength(1);
  });

  it('is reported once to a connection, however often its group is claimed', async () => {
    const world = await start();
    const worker = await consume(world, 1);
    for (let claims = 0; claims < 3; claims++) {
      world.clock.advance(60_000);
      await world.idle();
    }
    expect(worker.deliveries.length).toBeGreaterThan(1);
    expect(notices(worker)).toHaveLength(1);
  });

  it('is reported to a consumer that comes after all that a claim was for have left', async () => {
    const world = await start();
    const { groups, store, target } = groupOf(world);
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const claim = store.claim.bind(store);
    store.claim = async (...request) => {
      const claimed = await claim(...request);
      await held;
      return claimed;
    };
    const first = await consume(world);
    first.peer.socket.cut();
    answer();
    store.claim = claim;
    await world.idle();
    expect(groups.dispatcher(target.ref).size).toBe(0);
    const second = await consume(world);
    expect(notices(second)).toMatchObject([GAP]);
    expect(second.deliveries).toHaveLength(4);
  });

  it('is reported to another function of the program if "onGap" throws', async () => {
    const world = await start();
    const gaps: GroupGap[] = [];
    const fails = () => {
      throw new Error('no');
    };
    const stop = world.gateway.consume('short', () => {}, { group: GROUP, prefetch: 1, onGap: fails });
    await world.idle();
    await stop();
    world.gateway.consume('short', () => {}, { group: GROUP, onGap: (gap) => gaps.push(gap) });
    await world.idle();
    expect(gaps).toMatchObject([GAP]);
    expect(await gapsOf(world)).toEqual([]);
  });
});

describe('a gap in the response to a lease', () => {
  const lease = (world: World, body: object = {}): Promise<HttpReply> =>
    world.transport.request({
      ...{ method: 'POST', path: `/api/v1/channels/short/groups/${GROUP}/lease` },
      ...{ headers: { authorization: `Bearer ${API_KEY}` }, body: { max: 1, ...body } },
    });
  const read = (reply: HttpReply) => JSON.parse(new LoopbackStream(reply).take()) as object;

  it('comes again if the client had gone before the response was written', async () => {
    const world = await start();
    (await lease(world)).stream?.abandon();
    expect(read(await lease(world))).toMatchObject({ gaps: [GAP], deliveries: [{ message: { offset: 6 } }] });
    expect((await lease(world)).stream).toBeUndefined();
  });

  it('comes again if a client that waited has gone', async () => {
    const world = await createWorld({
      channels: { short: { allow: { consume: 'users' }, history: { count: 4 }, groups: { [GROUP]: {} } } },
      apiKeys: [{ name: 'backend', secret: API_KEY }],
    });
    const stream = new LoopbackStream(await lease(world, { wait: 30_000 }));
    const published = Promise.all(Array.from({ length: 8 }, (_, index) => world.gateway.publish('short', index)));
    stream.cut();
    await published;
    await world.idle();
    expect(read(await lease(world))).toMatchObject({ gaps: [GAP] });
  });
});

describe('a gap in the feed of a bridge', () => {
  const open = (world: World) => BridgeFeed.open(groupOf(world));

  it('is in the next feed, before the messages, until it is acknowledged', async () => {
    const world = await start();
    for (let attempts = 0; attempts < 2; attempts++) {
      const feed = await open(world);
      expect(await feed.next(10)).toMatchObject({ gaps: [GAP], messages: [{ message: { offset: 5 } }, {}, {}, {}] });
      feed.close();
    }
    const feed = await open(world);
    await feed.next(10);
    expect(await gapsOf(world, feed.fence)).toHaveLength(1);
    await feed.acknowledge();
    feed.close();
    expect(await gapsOf(world, feed.fence)).toEqual([]);
  });

  it('is what the log has lost of a batch that was not acknowledged', async () => {
    const world = await start();
    const first = await open(world);
    await first.next(10);
    await first.acknowledge();
    await enqueue(world, 'short', 2);
    expect(await first.next(10)).toMatchObject({ gaps: [], messages: [{ message: { offset: 9 } }, {}] });
    first.close();
    await enqueue(world, 'short', 6);
    for (let attempts = 0; attempts < 2; attempts++) {
      const feed = await open(world);
      const { gaps, messages } = await feed.next(10);
      expect(gaps.map(({ from, to }) => [from.offset, to.offset])).toEqual([
        [10, 12],
        [8, 10],
      ]);
      expect(messages.map(({ message }) => message.offset)).toEqual([13, 14, 15, 16]);
      feed.close();
    }
  });

  it('stays if it could not be confirmed', async () => {
    const world = await start();
    const groups: Groups = groupOf(world).groups;
    const confirmGaps = groups.store.confirmGaps.bind(groups.store);
    groups.store.confirmGaps = () => Promise.reject(new Error('away'));
    const feed = await open(world);
    await feed.next(10);
    await expect(feed.acknowledge()).rejects.toThrow('away');
    feed.close();
    groups.store.confirmGaps = confirmGaps;
    expect(await (await open(world)).next(10)).toMatchObject({ gaps: [GAP] });
  });
});
