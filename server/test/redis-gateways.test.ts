import { afterEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import type { ProtocolClient } from './support/protocol-client.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { startRedis } from './support/redis-server.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { tokenFor } from './support/tokens.ts';

const channels: NonNullable<ConfigInput['channels']> = {
  'jobs:{kind}': { allow: { publish: 'users', consume: 'users' }, queue: { ackTimeout: '1s', prefetch: 5 } },
  'sum:{id}': { allow: { request: 'users', respond: 'users' } },
};
const JOBS = 'jobs:mail';
const SUM = 'sum:1';
const WAIT = { timeout: 60_000 };

const gateways: RealGateway[] = [];
const proxies: TcpProxy[] = [];
afterEach(async () => {
  for (const proxy of proxies) proxy.restore();
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

async function start(url: string): Promise<RealGateway> {
  const gateway = await startGateway({ engine: 'redis', redis: { url, timeout: 2_000 }, channels });
  gateways.push(gateway);
  return gateway;
}

const connect = async (gateway: RealGateway, user: string): Promise<ProtocolClient> =>
  (await gateway.connect(await tokenFor(user))).client;

const deliveriesOf = ({ received }: ProtocolClient) =>
  received.flatMap((message) => (message.type === 'deliveries' ? message.deliveries : []));
const jobsOf = (client: ProtocolClient) => deliveriesOf(client).map(({ message }) => message.data as number);

/** Acknowledges whatever comes, until the connection ends. */
async function work(client: ProtocolClient): Promise<void> {
  for (let done = 0; ; ) {
    await client.wait(() => deliveriesOf(client).length > done);
    const ids = deliveriesOf(client)
      .slice(done)
      .map(({ id }) => id);
    done += ids.length;
    client.send({ type: 'ack', channel: JOBS, deliveries: ids });
  }
}

const range = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

describe('two gateways on one Redis', () => {
  it('share the consumers of a queue: each message is at one of them', async () => {
    const { url } = await startRedis();
    const [one, two] = [await start(url), await start(url)];
    const consumers = [await connect(one, 'ada'), await connect(two, 'ben')];
    for (const client of consumers) {
      await client.result({ type: 'consume', channel: JOBS });
      work(client).catch(() => {});
    }
    const publisher = await connect(two, 'eve');
    await Promise.all(range(100).map((data) => publisher.result({ type: 'publish', channel: JOBS, data })));
    await expect.poll(() => consumers.flatMap(jobsOf).length, WAIT).toBe(100);
    expect(consumers.flatMap(jobsOf).sort((a, b) => a - b)).toEqual(range(100));
    for (const client of consumers) expect(jobsOf(client).length).toBeGreaterThan(0);
  });

  it('take over what a gateway had that lost Redis', async () => {
    const { url, port } = await startRedis();
    const proxy = await TcpProxy.start(port);
    proxies.push(proxy);
    const [lost, other] = [await start(proxy.url), await start(url)];
    const [first, second] = [await connect(lost, 'ada'), await connect(other, 'ben')];
    await first.result({ type: 'consume', channel: JOBS });
    for (const data of [1, 2]) await second.result({ type: 'publish', channel: JOBS, data });
    await expect.poll(() => jobsOf(first), WAIT).toEqual([1, 2]);
    proxy.cut();
    await second.result({ type: 'consume', channel: JOBS });
    await expect.poll(() => deliveriesOf(second).map(({ attempt }) => attempt), WAIT).toEqual([2, 2]);
    expect(jobsOf(second).sort()).toEqual([1, 2]);
  });

  it('pass requests to the responders of each other', async () => {
    const { url } = await startRedis();
    const [one, two] = [await start(url), await start(url)];
    const [requester, responder] = [await connect(one, 'ada'), await connect(two, 'ben')];
    await responder.result({ type: 'respond', channel: SUM });
    const answered = requester.result({ type: 'request', channel: SUM, data: [1, 2] });
    const pushed = await responder.wait(({ type }) => type === 'requests');
    const [request] = pushed.type === 'requests' ? pushed.requests : [];
    expect(request).toMatchObject({ data: [1, 2], from: 'ada' });
    await responder.result({ type: 'reply', request: request?.request ?? '', data: 3 });
    expect(await answered).toEqual({ data: 3 });
  });
});
