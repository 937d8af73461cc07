import { afterAll, describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../src/engine/engine.ts';
import { RedisEngine } from '../src/engine/redis/redis-engine.ts';
import { append, KEEP, recovered, startNode, WAIT } from './support/redis-node.ts';
import { type RedisServer, startCluster, startRedis } from './support/redis-server.ts';
import { TcpProxy } from './support/tcp-proxy.ts';

const proxies: TcpProxy[] = [];
afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())));

let count = 0;

async function startBehindProxy(server: RedisServer) {
  const proxy = await TcpProxy.start(server.port);
  proxies.push(proxy);
  return { proxy, options: { urls: [proxy.url], prefix: `test${++count}:` } };
}

describe('when Redis', () => {
  it('is unreachable, operations are refused at once and work again after it returns', async () => {
    const { proxy, options } = await startBehindProxy(await startRedis());
    const node = await startNode(options);
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await expect.poll(() => node.received).toEqual([`${epoch} m1`]);
    proxy.cut();
    await expect.poll(() => node.engine.trouble, WAIT).toMatch(/^Redis at redis:\/\/127.0.0.1:\d+ cannot be reached/);
    await expect(append(node, 'm2')).rejects.toThrow(EngineUnavailable);
    await expect(node.engine.log.read('a', 0, 10)).rejects.toThrow(EngineUnavailable);
    await expect(node.engine.log.watch('b')).rejects.toThrow(EngineUnavailable);
    proxy.restore();
    await expect.poll(() => node.interrupted, WAIT).toContain('a');
    await recovered(node);
    expect(await append(node, 'm3')).toMatchObject({ epoch, offset: 2 });
    await expect.poll(() => node.received).toEqual([`${epoch} m1`, `${epoch} m3`]);
  });

  it('does not answer, waiting operations are refused and the node reconnects', async () => {
    const { proxy, options } = await startBehindProxy(await startRedis());
    const node = await startNode(options);
    await node.engine.log.watch('a');
    proxy.stall();
    await expect(append(node, 'm1')).rejects.toThrow(EngineUnavailable);
    await expect.poll(() => node.engine.trouble, WAIT).toBeDefined();
    proxy.restore();
    await recovered(node);
    const { epoch } = await append(node, 'm2');
    await expect.poll(() => node.received, WAIT).toContain(`${epoch} m2`);
  });

  it('executed an append whose answer was lost, the same key appends nothing', async () => {
    const server = await startRedis();
    const { proxy, options } = await startBehindProxy(server);
    const node = await startNode(options);
    const other = await startNode({ ...options, urls: [server.url] });
    await other.engine.log.watch('a');
    const keyed = { ...KEEP, key: 'k' };
    await append(node, 'm0');
    proxy.stallAnswers();
    await expect(append(node, 'm1', keyed)).rejects.toThrow(EngineUnavailable);
    proxy.restore();
    // Retry until it is answered: the two connections may notice the loss at different times.
    const again = () => append(node, 'm1 again', keyed).catch(() => undefined);
    await expect.poll(again, WAIT).toMatchObject({ id: 'm1', offset: 2 });
    expect(other.received.map((line) => line.split(' ')[1])).toEqual(['m0', 'm1']);
  });

  it('comes back empty, a new epoch begins and is announced to all nodes', async () => {
    const server = await startRedis();
    const node = await startNode({ urls: [server.url] });
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await server.stop();
    server.wipe();
    await server.run();
    await expect.poll(() => node.interrupted, WAIT).toContain('a');
    await recovered(node);
    const page = await node.engine.log.read('a', 0, 10);
    expect(page).toMatchObject({ head: 0, first: 1 });
    expect(page.epoch).not.toBe(epoch);
  });

  it('is flushed while connected, the next append begins a new epoch', async () => {
    const server = await startRedis();
    const node = await startNode({ urls: [server.url] });
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await server.command('FLUSHALL');
    const second = await append(node, 'm2');
    expect(second).toMatchObject({ offset: 1 });
    expect(second.epoch).not.toBe(epoch);
  });

  it('comes back with its data, all channels continue', async () => {
    const server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
    const node = await startNode({ urls: [server.url] });
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await server.stop();
    await server.run();
    await expect.poll(() => node.interrupted, WAIT).toContain('a');
    await recovered(node);
    expect(await append(node, 'm2')).toMatchObject({ epoch, offset: 2 });
  });

  it('comes back with older data, no offset is reused for another message', async () => {
    const server = await startRedis();
    const node = await startNode({ urls: [server.url] });
    const ahead = await startNode({ urls: [server.url] });
    for (const { engine } of [node, ahead]) await engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await server.command('SAVE');
    await append(node, 'lost');
    await expect.poll(() => ahead.received).toHaveLength(2);
    await server.stop();
    await server.run();
    for (const { interrupted } of [node, ahead]) await expect.poll(() => interrupted, WAIT).toContain('a');
    await recovered(node, ahead);
    const result = await append(node, 'm2');
    expect(result.epoch).not.toBe(epoch);
    expect((await ahead.engine.log.read('a', 0, 10)).messages.map(({ message }) => message.id)).toEqual(['m2']);
  });

  it('continued from older data without a node, that node notices at the next message', async () => {
    const server = await startRedis();
    const { proxy, options } = await startBehindProxy(server);
    const away = await startNode(options);
    const secondNode = () => startNode({ ...options, urls: [server.url] });
    await away.engine.log.watch('a');
    const { epoch } = await append(away, 'm1');
    await server.command('SAVE');
    await append(away, 'lost');
    await expect.poll(() => away.received).toHaveLength(2);
    proxy.cut();
    await server.stop();
    await server.run();
    const there = await secondNode();
    expect(await append(there, 'm2')).toMatchObject({ epoch, offset: 2 });
    await append(there, 'm3');
    proxy.restore();
    await expect.poll(() => away.interrupted, WAIT).toContain('a');
    const seen = async () => (await away.engine.log.read('a', 0, 10).catch(() => undefined))?.epoch ?? epoch;
    await expect.poll(seen, WAIT).not.toBe(epoch);
  });

  it('has lost announcements, revocations are announced again', async () => {
    const server = await startRedis();
    const { proxy, options } = await startBehindProxy(server);
    const away = await startNode(options);
    const there = await startNode({ ...options, urls: [server.url] });
    proxy.cut();
    const revocation = { user: 'ada', before: 1, until: Date.now() + 60_000 };
    await there.engine.revocations.add(revocation);
    proxy.restore();
    await expect.poll(() => away.signals, WAIT).toEqual([JSON.stringify({ type: 'revoke', revocation })]);
  });
});

describe('presence of several nodes', () => {
  const ada = { channel: 'room', connection: 'c1', user: 'ada' };

  it('is shared: a user is one member with connections on both', async () => {
    const options = { urls: [(await startRedis()).url] };
    const [one, two] = [await startNode(options), await startNode(options)];
    two.engine.presence.watch('room');
    await two.engine.presence.roster('room');
    await one.engine.presence.enter({ ...ada, state: 'here' });
    await two.engine.presence.enter({ ...ada, connection: 'c2' });
    await one.engine.presence.leave(ada, 0);
    const seen = () => two.changes.map(({ member }) => [member?.connections, member?.state]);
    await expect.poll(seen).toEqual([
      [1, 'here'],
      [2, 'here'],
      [1, 'here'],
    ]);
  });

  it('removes the members of a crashed node within its lease, and one node announces it', async () => {
    const server = await startRedis();
    const { proxy, options } = await startBehindProxy(server);
    const crashed = await startNode(options);
    const direct = { ...options, urls: [server.url] };
    const [one, two] = [await startNode(direct), await startNode(direct)];
    one.engine.presence.watch('room');
    await one.engine.presence.roster('room');
    await crashed.engine.presence.enter(ada);
    await two.engine.presence.enter({ ...ada, connection: 'c2', user: 'ben' });
    proxy.cut();
    await expect
      .poll(() => one.changes.map(({ user, member }) => [user, member === null]), WAIT)
      .toEqual([
        ['ada', false],
        ['ben', false],
        ['ada', true],
      ]);
    proxy.restore(); // the node was alive
    await expect.poll(async () => (await one.engine.presence.roster('room')).total, WAIT).toBe(2);
  });

  it('is restored if Redis comes back empty', async () => {
    const server = await startRedis();
    const node = await startNode({ urls: [server.url] });
    await node.engine.presence.enter({ ...ada, info: { name: 'Ada' }, state: [1] });
    await server.stop();
    server.wipe();
    await server.run();
    const members = async () => (await node.engine.presence.list('room', 0, 10).catch(() => undefined))?.members ?? [];
    await expect
      .poll(async () => (await members()).map(({ member }) => ({ info: member.info, state: member.state })), WAIT)
      .toEqual([{ info: { name: 'Ada' }, state: [1] }]);
  });

  it('removes members who left while Redis was unreachable', async () => {
    const { proxy, options } = await startBehindProxy(await startRedis());
    const node = await startNode(options);
    await node.engine.presence.enter(ada);
    proxy.cut();
    await expect(node.engine.presence.leave(ada, 0)).rejects.toThrow(EngineUnavailable);
    proxy.restore();
    const total = async () => (await node.engine.presence.roster('room').catch(() => undefined))?.total;
    await expect.poll(total, WAIT).toBe(0);
  });
});

describe('a start', () => {
  it('without Redis fails with the address, but not the password', async () => {
    const engine = new RedisEngine({ urls: ['redis://ada:hunter2@127.0.0.1:1/3'], timeout: 300 });
    const error = await engine.start({ deliver: () => {} }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineUnavailable);
    expect((error as Error).message).toBe('Redis at redis://127.0.0.1:1/3 cannot be reached: ECONNREFUSED');
  });

  it('fails with a wrong password, and succeeds with the right one', async () => {
    const server = await startRedis(['--requirepass', 'hunter2']);
    const wrong = new RedisEngine({ urls: [server.url], password: 'hunter3', timeout: 5_000 });
    const error = await wrong.start({ deliver: () => {} }).catch((thrown: unknown) => thrown);
    expect((error as Error).message).toContain('does not know this user and password (WRONGPASS)');
    expect((await startNode({ urls: [server.url], password: 'hunter2' })).engine.trouble).toBeUndefined();
    const inUrl = server.url.replace('//', '//default:hunter2@');
    expect((await startNode({ urls: [inUrl] })).engine.trouble).toBeUndefined();
  });

  it('needs only the rights that the guide lists', async () => {
    const server = await startRedis();
    const rights = '~sluice:* &sluice:* +@read +@write +@pubsub +@connection +eval +evalsha +info +time';
    await server.command('ACL', 'SETUSER', 'gateway', 'on', '>hunter2', 'resetchannels', '-@all', ...rights.split(' '));
    const node = await startNode({ urls: [server.url], username: 'gateway', password: 'hunter2' });
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await node.engine.log.read('a', 0, 10);
    await node.engine.presence.enter({ channel: 'a', connection: 'c1', user: 'ada' });
    expect(await node.engine.presence.roster('a')).toMatchObject({ total: 1 });
    await node.engine.revocations.add({ jti: 'x', until: Date.now() + 60_000 });
    await expect.poll(() => node.received).toEqual([`${epoch} m1`]);
  });

  it('warns of a Redis that evicts', async () => {
    const server = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
    const { advice } = await startNode({ urls: [server.url] });
    expect(advice).toEqual([expect.stringContaining('Set maxmemory-policy to noeviction')]);
  });

  it('reports a full Redis with instructions until it has room', async () => {
    const server = await startRedis(['--maxmemory', '1']);
    const node = await startNode({ urls: [server.url] });
    await expect(append(node, 'm1')).rejects.toThrow('its memory is full');
    expect(node.engine.trouble).toContain('its memory is full');
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await append(node, 'm2');
    expect(node.engine.trouble).toBeUndefined();
  });
});

it('a channel of a cluster is received after its slot has moved', async () => {
  const nodes = await startCluster();
  const node = await startNode({ urls: nodes.map(({ url }) => url), cluster: true });
  await node.engine.log.watch('a');
  const { epoch } = await append(node, 'm1');
  await moveSlot(15_495, nodes); // of "a"
  await expect.poll(() => append(node, 'm2').then(({ offset }) => offset), WAIT).toBeGreaterThan(1);
  await expect.poll(() => node.interrupted, WAIT).toContain('a');
  const last = await append(node, 'last');
  expect(last.epoch).toBe(epoch);
  await expect.poll(() => node.received, WAIT).toContain(`${epoch} last`);
});

/** Moves a slot from its node to the first other node. */
async function moveSlot(slot: number, nodes: readonly RedisServer[]): Promise<void> {
  const ids = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'MYID')));
  const map = String(await nodes[0]?.command('CLUSTER', 'NODES'));
  const owner = nodes.findIndex((_, at) => {
    const line = map.split('\n').find((text) => text.startsWith(String(ids[at]))) ?? '';
    return line
      .split(' ')
      .slice(8)
      .some((range) => {
        const [from = 0, to = from] = range.split('-').map(Number);
        return slot >= from && slot <= to;
      });
  });
  const [from, to] = [nodes[owner], nodes[(owner + 1) % nodes.length]];
  const [fromId, toId] = [String(ids[owner]), String(ids[(owner + 1) % nodes.length])];
  await to?.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
  await from?.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
  const keys = (await from?.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
  if (keys.length > 0) await from?.command('MIGRATE', '127.0.0.1', to?.port ?? 0, '', 0, 5_000, 'KEYS', ...keys);
  for (const node of [to, from, ...nodes]) await node?.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
}
