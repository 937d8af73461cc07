import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNode, WAIT } from '../../../test/support/redis-node.ts';
import { type RedisServer, startCluster, startRedis } from '../../../test/support/redis-server.ts';
import { TcpProxy } from '../../../test/support/tcp-proxy.ts';
import { nodesConformance } from '../conformance/nodes-conformance.ts';
import { RedisEngine, type RedisEngineOptions } from './redis-engine.ts';

let server: RedisServer;
let one: RedisEngineOptions;
let two: RedisEngineOptions;
let cluster: RedisEngineOptions;
let count = 0;
const proxies: TcpProxy[] = [];

beforeAll(async () => {
  server = await startRedis();
  one = { urls: [server.url] };
  two = { urls: [server.url, (await startRedis()).url] };
  cluster = { urls: (await startCluster()).map(({ url }) => url), cluster: true };
});
afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())));

describe.each([
  ['one Redis', () => one],
  ['two Redis that share the channels', () => two],
  ['a Redis Cluster', () => cluster],
] as const)('with %s', (name, options) => {
  nodesConformance(name, async () => {
    const shared = { ...options(), prefix: `nodes${++count}:`, lease: 300 };
    const engines = [new RedisEngine(shared), new RedisEngine(shared)] as const;
    for (const engine of engines) await engine.start({ deliver: () => {} });
    return {
      nodes: [engines[0].nodes, engines[1].nodes],
      die: (at) => engines[at].close(),
      close: async () => void (await Promise.all(engines.map((engine) => engine.close()))),
    };
  });
});

describe('the offers of a node', () => {
  const prefix = () => `nodes${++count}:`;

  it('are restored after Redis was away, or lost its data', async () => {
    const proxy = await TcpProxy.start(server.port);
    proxies.push(proxy);
    const options = { prefix: prefix(), lease: 60_000 };
    const here = await startNode({ ...options, urls: [proxy.url] });
    const there = await startNode({ ...options, urls: [server.url] });
    let interruptions = 0;
    const mailbox = await here.engine.nodes.open(nanoid(), { received: () => {}, interrupted: () => interruptions++ });
    const other = await there.engine.nodes.open(nanoid(), { received: () => {} });
    await mailbox.offer('x', 3);
    proxy.cut();
    await expect.poll(() => here.engine.trouble, WAIT).toBeDefined();
    await mailbox.offer('y', 4); // does not reject
    for (const key of (await server.command('KEYS', `${options.prefix}*`)) as string[])
      await server.command('DEL', key);
    expect(await other.responders('x')).toEqual([]);
    proxy.restore();
    await expect.poll(() => other.responders('x'), WAIT).toEqual([{ node: mailbox.address, capacity: 3 }]);
    await expect.poll(() => other.responders('y'), WAIT).toEqual([{ node: mailbox.address, capacity: 4 }]);
    await expect.poll(() => interruptions, WAIT).toBeGreaterThan(0);
  });

  it('are restored after its lease has expired though it lives', async () => {
    const options = { urls: [server.url], prefix: prefix(), lease: 60_000 };
    const node = await startNode(options);
    const mailbox = await node.engine.nodes.open('me', { received: () => {} });
    await mailbox.offer('x', 3);
    await server.command('DEL', `${options.prefix}{!me}:lease`);
    expect(await mailbox.responders('x')).toEqual([]);
    await node.engine.nodes.beat();
    expect(await mailbox.responders('x')).toEqual([{ node: 'me', capacity: 3 }]);
  });

  it('leave nothing in Redis when it closes', async () => {
    const options = { urls: [server.url], prefix: prefix() };
    const node = await startNode(options);
    const mailbox = await node.engine.nodes.open('me', { received: () => {} });
    await mailbox.offer('x', 3);
    await mailbox.close();
    const keys = (await server.command('KEYS', `${options.prefix}{*`)) as string[];
    expect(keys).toEqual([]);
  });
});
