import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { FakeSentinel } from './support/fake-sentinel.ts';
import { append, type Node, recovered, startNode, WAIT } from './support/redis-node.ts';
import {
  caughtUp,
  freePort,
  type RedisServer,
  startCluster,
  startClusterReplica,
  startRedis,
  startReplica,
  startSentinel,
} from './support/redis-server.ts';
import { TcpProxy } from './support/tcp-proxy.ts';

const at = ({ port }: { port: number }) => `127.0.0.1:${port}`;
afterEach(() => vi.restoreAllMocks());
const closing: { close(): Promise<void> }[] = [];
afterAll(() => Promise.all(closing.map((one) => one.close())));

/** A failover that finds no ready replica is retried some seconds later. */
const FAILOVER = { timeout: 60_000 };

/** Appends as soon as a master accepts it. */
async function appendSoon(node: Node, id: string) {
  const attempt = () => append(node, id).catch(() => undefined);
  let result = await attempt();
  await expect.poll(async () => (result ??= await attempt()), FAILOVER).toBeDefined();
  return result;
}

async function isFollowed(sentinel: RedisServer): Promise<void> {
  const known = async () => `${await sentinel.command('SENTINEL', 'MASTER', 'main')}`;
  await expect.poll(known, WAIT).toContain('num-slaves,1');
}

describe('a master that sentinels monitor', () => {
  it('crashes: its replica takes over, and all channels continue', async () => {
    const master = await startRedis();
    const replica = await startReplica(master);
    const sentinel = await startSentinel(master);
    await isFollowed(sentinel);
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
    const gone = `127.0.0.1:${await freePort()}`;
    const node = await startNode({ sentinels: [gone, at(sentinel)], name: 'main' });
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await append(node, 'm2');
    await caughtUp(master, replica);
    await master.stop();
    expect(await appendSoon(node, 'm3')).toMatchObject({ epoch, offset: 3 });
    await expect.poll(() => node.interrupted, WAIT).toContain('a');
    await recovered(node);
    const { messages } = await node.engine.log.read('a', 0, 10);
    expect(messages.map(({ message }) => message.id)).toEqual(['m1', 'm2', 'm3']);
    await append(node, 'm4');
    await expect.poll(() => node.received, WAIT).toContain(`${epoch} m4`);
    expect(printed).not.toHaveBeenCalled();
  });

  it('crashes with an unreplicated message: a new epoch begins', async () => {
    const master = await startRedis();
    const proxy = await TcpProxy.start(master.port);
    closing.push(proxy);
    const replica = await startReplica({ port: Number(new URL(proxy.url).port) });
    const sentinel = await startSentinel(master);
    await isFollowed(sentinel);
    const node = await startNode({ sentinels: [at(sentinel)], name: 'main' });
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await caughtUp(master, replica);
    proxy.cut();
    await append(node, 'lost');
    await master.stop();
    const result = await appendSoon(node, 'm2');
    expect(result).toMatchObject({ offset: 1 });
    expect(result?.epoch).not.toBe(epoch);
  });

  it('is found although a failover is announced during the lookup', async () => {
    const master = await startRedis();
    const proxy = await TcpProxy.start(master.port);
    const sentinel = await FakeSentinel.start(proxy.port);
    closing.push(proxy, sentinel);
    const node = await startNode({ sentinels: [sentinel.address], name: 'main' });
    await append(node, 'm1');
    await expect.poll(() => sentinel.listeners.size, WAIT).toBe(2); // one for commands, one for the feed
    const before = [...sentinel.listeners];
    sentinel.onAsked = async () => {
      sentinel.announceFailover();
      // Listeners close their connection after the announcement; the others have closed it already.
      await vi.waitUntil(() => before.every((socket) => socket.destroyed), WAIT);
    };
    proxy.drop();
    expect(await appendSoon(node, 'm2')).toMatchObject({ offset: 2 });
    await recovered(node);
  });

  it('is found although the first sentinel does not answer', async () => {
    const master = await startRedis();
    const [frozen, sentinel] = [await startSentinel(master), await startSentinel(master)];
    frozen.freeze();
    const node = await startNode({ sentinels: [at(frozen), at(sentinel)], name: 'main' });
    expect(await append(node, 'm1')).toMatchObject({ offset: 1 });
  });

  it('is found if the sentinel requires a login', async () => {
    const master = await startRedis();
    const sentinel = await startSentinel(master, () => [
      '--user',
      'gateway',
      'on',
      '>secret',
      '+@all',
      '--user',
      'default',
      'off',
    ]);
    const options = { sentinels: [at(sentinel)], name: 'main' };
    const node = await startNode({ ...options, sentinelUsername: 'gateway', sentinelPassword: 'secret' });
    expect(await append(node, 'm1')).toMatchObject({ offset: 1 });
    await expect(startNode(options)).rejects.toThrow('sentinel "main"');
  });

  it('is not found: the error contains its name', async () => {
    const sentinel = await startSentinel(await startRedis());
    await expect(startNode({ sentinels: [at(sentinel)], name: 'other' })).rejects.toThrow('sentinel "other"');
  });
});

it('a master of a cluster crashes: its replica takes over, and all channels continue', {
  timeout: 180_000,
}, async () => {
  const nodes = await startCluster(800);
  const master = nodes[2]; // has the slot of "a"
  if (master === undefined) throw new Error('the cluster has no third node');
  const replica = await startClusterReplica(nodes, master, 800);
  const node = await startNode({ urls: nodes.map(({ url }) => url), cluster: true });
  await node.engine.log.watch('a');
  const { epoch } = await append(node, 'm1');
  await caughtUp(master, replica);
  await master.stop();
  expect(await appendSoon(node, 'm2')).toMatchObject({ epoch, offset: 2 });
  await expect.poll(() => node.interrupted, WAIT).toContain('a');
  const { messages } = await node.engine.log.read('a', 0, 10);
  expect(messages.map(({ message }) => message.id)).toEqual(['m1', 'm2']);
  await append(node, 'm3');
  await expect.poll(() => node.received, WAIT).toContain(`${epoch} m3`);
  await recovered(node);
});
