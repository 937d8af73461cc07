import { afterAll, describe, expect, it } from 'vitest';
import { OPTIONS } from '../src/engine/conformance/groups-bench.ts';
import { type AppendOptions, UNTIL_SETTLED } from '../src/engine/engine.ts';
import type { Claim, GroupOptions } from '../src/engine/groups.ts';
import { ManualClock } from '../src/util/clock.ts';
import { append, KEEP, type Node, recovered, startNode, WAIT } from './support/redis-node.ts';
import { type RedisServer, startRedis } from './support/redis-server.ts';
import { TcpProxy } from './support/tcp-proxy.ts';

const ref = { channel: 'a', group: 'workers' };
const proxies: TcpProxy[] = [];
afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())));

let claims = 0;
const claim = ({ engine }: Node, max = 100, options: GroupOptions = OPTIONS): Promise<Claim> =>
  engine.groups.claim(ref, options, { token: `t${++claims}`, max, maxLength: 1_000_000 });
const offsetsOf = ({ deliveries }: Claim) => deliveries.map(({ message }) => message.offset);
const idsOf = ({ deliveries }: Claim) => deliveries.map(({ id }) => id);
const range = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

async function twoNodes(): Promise<[Node, Node, RedisServer]> {
  const server = await startRedis();
  return [await startNode({ urls: [server.url] }), await startNode({ urls: [server.url] }), server];
}

describe('a group with consumers on two nodes', () => {
  it('delivers each message to one of them', async () => {
    const [one, two] = await twoNodes();
    await Promise.all(range(200).map((at) => append(at % 2 === 0 ? one : two, `m${at}`)));
    const claimed = await Promise.all(range(60).map((at) => claim(at % 2 === 0 ? one : two, 5)));
    expect(claimed.flatMap(offsetsOf).sort((a, b) => a - b)).toEqual(range(200));
    const settled = await Promise.all(
      claimed.map((each, at) =>
        // Any node settles any delivery.
        (at % 3 === 0 ? one : two).engine.groups.settle(ref, OPTIONS, idsOf(each), { type: 'ack' }),
      ),
    );
    expect(settled.flatMap(({ accepted }) => accepted)).toEqual(Array.from({ length: 200 }, () => true));
    expect(await two.engine.groups.stats(ref, OPTIONS)).toMatchObject({ floor: 200, ready: 0, inFlight: 0 });
  });

  it('ends a claim by the length that a node counts', async () => {
    const [one] = await twoNodes();
    const data = 'é👋\u0000"x';
    for (const id of ['m1', 'm2', 'm3']) await one.engine.log.append('a', { id, time: Date.now(), data }, KEEP);
    const { messages } = await one.engine.log.read('a', 0, 2);
    const maxLength = messages.reduce((sum, { json }) => sum + json.length, 0);
    const exact = await one.engine.groups.claim(ref, OPTIONS, { token: 'exact', max: 9, maxLength });
    expect(offsetsOf(exact)).toEqual([1, 2]);
    const other = { ...ref, group: 'other' };
    const more = await one.engine.groups.claim(other, OPTIONS, { token: 'more', max: 9, maxLength: maxLength + 1 });
    expect(offsetsOf(more)).toEqual([1, 2, 3]);
  });

  it('wakes the other node when a message comes, or comes back', async () => {
    const [one, two] = await twoNodes();
    const woken: string[] = [];
    two.engine.groups.start((channel, group) => woken.push(`${channel} ${group}`));
    await two.engine.groups.watch(ref);
    await append(one, 'm1');
    await expect.poll(() => woken, WAIT).toEqual(['a workers']);
    await one.engine.groups.settle(ref, OPTIONS, idsOf(await claim(one)), { type: 'release', grace: 0 });
    await expect.poll(() => woken, WAIT).toEqual(['a workers', 'a workers']);
    expect(offsetsOf(await claim(two))).toEqual([1]);
  });

  it('delivers again what a crashed node had, after its time', async () => {
    const [dying, other] = await twoNodes();
    const brief = { ...OPTIONS, ackTimeout: 400 };
    for (const id of ['m1', 'm2']) await append(dying, id);
    const lost = await claim(dying, 2, brief);
    await dying.engine.close();
    const early = await claim(other, 2, brief);
    expect(early).toMatchObject({ deliveries: [] });
    expect(early.wait).toBeLessThanOrEqual(400);
    const again = async () => (await claim(other, 2, brief)).deliveries.map(({ attempt }) => attempt);
    await expect.poll(again, WAIT).toEqual([2, 2]);
    const late = await other.engine.groups.settle(ref, brief, idsOf(lost), { type: 'ack' });
    expect(late.accepted).toEqual([false, false]);
  });

  it('wakes the consumers after the connection to Redis was lost', async () => {
    const server = await startRedis();
    const proxy = await TcpProxy.start(server.port);
    proxies.push(proxy);
    const node = await startNode({ urls: [proxy.url] });
    const other = await startNode({ urls: [server.url] });
    const woken: string[] = [];
    node.engine.groups.start((_, group) => woken.push(group));
    await node.engine.groups.watch(ref);
    proxy.cut();
    await append(other, 'm1');
    proxy.restore();
    await expect.poll(() => woken, WAIT).toContain('workers');
  });
});

describe('the data of a group', () => {
  const keysOf = async (server: RedisServer) => ((await server.command('KEYS', '*{a}:*')) as string[]).toSorted();

  it('is its position alone once all messages are settled', async () => {
    const [one, , server] = await twoNodes();
    const ordered: GroupOptions = { ...OPTIONS, orderBy: { kind: 'all' } };
    for (const id of ['m1', 'm2', 'm3']) await append(one, id, { ...KEEP, window: 0 });
    for (let at = 0; at < 3; at++) {
      await one.engine.groups.settle(ref, ordered, idsOf(await claim(one, 9, ordered)), { type: 'ack' });
    }
    expect(await keysOf(server)).toEqual(['sluice:{a}:group:workers', 'sluice:{a}:log', 'sluice:{a}:meta']);
  });

  it('keeps the epoch of its log, unless the group expires', async () => {
    const [one, , server] = await twoNodes();
    const lifetime = async () => Number(await server.command('PTTL', 'sluice:{a}:meta'));
    await append(one, 'm1');
    const brief = { ...OPTIONS, expires: 5 * 86_400_000 };
    await claim(one, 1, brief);
    expect(await lifetime()).toBeGreaterThan(5 * 86_400_000 - 60_000);
    await claim(one);
    await append(one, 'm2');
    expect(await lifetime()).toBe(-1);
  });

  it('is deleted when the group expires', async () => {
    const [one, , server] = await twoNodes();
    await append(one, 'm1', { ...KEEP, window: 0 });
    await claim(one, 1, { ...OPTIONS, expires: 3_600_000 });
    const keys = (await keysOf(server)).filter((key) => !/:(log|meta)$/.test(key));
    expect(keys.length).toBeGreaterThan(2);
    for (const key of keys) expect(Number(await server.command('PTTL', key)), key).toBeGreaterThan(3_600_000);
  });

  it('does not expire while the group has consumers, though they claim nothing', async () => {
    const clock = new ManualClock();
    const server = await startRedis();
    const node = await startNode({ urls: [server.url], lease: 600_000, clock });
    const expiring = { ...OPTIONS, expires: 60_000, start: 'newest' as const };
    await node.engine.groups.watch(ref);
    await claim(node, 1, expiring);
    await append(node, 'm1', { retention: { count: 9, age: 9_000_000 }, window: 0 });
    clock.advance(50_000);
    await node.engine.groups.beat();
    clock.advance(50_000);
    expect(offsetsOf(await claim(node, 1, expiring))).toEqual([1]);
    node.engine.groups.unwatch(ref);
    await node.engine.groups.beat();
    clock.advance(70_000);
    expect(await node.engine.groups.stats(ref, expiring)).toMatchObject({ floor: 1, inFlight: 0 });
  });

  it('is redriven by page', async () => {
    const [one] = await twoNodes();
    await Promise.all(range(450).map((at) => append(one, `m${at}`, { ...KEEP, window: 0 })));
    await one.engine.groups.settle(ref, OPTIONS, idsOf(await claim(one, 450)), { type: 'reject' });
    expect(await one.engine.groups.redrive(ref, OPTIONS, null)).toBe(450);
    expect(await one.engine.groups.dead(ref, 0, 1)).toEqual({ letters: [], total: 0 });
    expect(offsetsOf(await claim(one, 500))).toEqual(range(450));
  });

  it('survives a restart of Redis with its log', async () => {
    const server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
    const node = await startNode({ urls: [server.url] });
    const queue: AppendOptions = {
      ...KEEP,
      retention: UNTIL_SETTLED,
      queue: { group: 'workers', maxLength: 2, overflow: 'reject' },
    };
    const options = { ...OPTIONS, queue: true };
    for (const id of ['m1', 'm2']) await append(node, id, queue);
    const [first = '', second = ''] = idsOf(await claim(node, 2, options));
    await node.engine.groups.settle(ref, options, [second], { type: 'ack' });
    await server.stop();
    await server.run();
    await recovered(node);
    expect(await node.engine.groups.settle(ref, options, [second, first], { type: 'ack' })).toMatchObject({
      accepted: [false, true],
    });
    expect(await node.engine.log.read('a', 0, 9)).toMatchObject({ first: 3, head: 2 });
  });

  it('that comes back older reuses no offset of a delivered message', async () => {
    const server = await startRedis();
    const consumer = await startNode({ urls: [server.url] });
    const publisher = await startNode({ urls: [server.url] });
    await append(publisher, 'm1');
    await claim(consumer);
    await server.command('SAVE');
    await append(publisher, 'lost');
    const { epoch, deliveries } = await claim(consumer);
    expect(deliveries).toMatchObject([{ message: { offset: 2 } }]);
    await publisher.engine.close();
    await server.stop();
    await server.run();
    const another = await startNode({ urls: [server.url] });
    expect(await append(another, 'm2')).toMatchObject({ epoch, offset: 2 });
    await recovered(consumer);
    const after = await claim(consumer);
    expect(after.epoch).not.toBe(epoch);
    expect(after.gaps).toMatchObject([{ reason: 'epoch_changed' }]);
  });
});
