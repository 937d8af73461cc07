import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Channel, type Client, SluiceError } from '@sluice/client';
import { afterEach, describe, expect, it } from 'vitest';
import { RedisServer } from './support/redis-server.ts';
import { type LogLine, ServeProcess } from './support/serve-process.ts';

const gateways: ServeProcess[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.end()));
});

function launch(config: Record<string, unknown> = {}): ServeProcess {
  const gateway = new ServeProcess(config);
  gateways.push(gateway);
  return gateway;
}

/** Records the messages of a channel, and waits for them. */
function follow<T>(client: Client, name: string) {
  const seen: T[] = [];
  const gaps: string[] = [];
  const channel = client.channel<T>(name);
  const subscription = channel.subscribe(({ data }) => void seen.push(data), {
    rewind: 10_000,
    onGap: ({ reason }) => void gaps.push(reason),
  });
  return { seen, gaps, channel, ready: subscription.ready };
}

/** Publishes with one key, and retries while the engine is unavailable. */
async function publishUntilTaken(channel: Channel<number>, data: number): Promise<void> {
  for (;;) {
    try {
      await channel.publish(data, { key: `n${data}` });
      return;
    } catch (error) {
      if (!(error instanceof SluiceError) || error.name !== 'unavailable') throw error;
    }
  }
}

describe.skipIf(process.platform !== 'linux')('two workers on one port', () => {
  it('act as one gateway: clients on both exchange messages and presence, over HTTP too', async () => {
    const gateway = await launch().start();
    const ada = await gateway.clientOn('m/1', 'ada');
    const ben = await gateway.clientOn('m/2', 'ben');
    const [here, there] = [follow<string>(ada, 'chat:lobby'), follow<string>(ben, 'chat:lobby')];
    await Promise.all([here.ready, there.ready]);

    await here.channel.publish('hello');
    await there.channel.publish('hello yourself');
    await gateway.request('/api/v1/publish', { channel: 'chat:lobby', data: 'welcome' });
    for (const { seen } of [here, there]) {
      await expect.poll(() => seen).toEqual(['hello', 'hello yourself', 'welcome']);
    }

    const members = { ada: [] as string[], ben: [] as string[] };
    here.channel.presence.subscribe((list) => {
      members.ada = [...list].map(({ user }) => user);
    });
    await there.channel.presence.enter();
    await here.channel.presence.enter();
    await expect.poll(() => members.ada.toSorted()).toEqual(['ada', 'ben']);

    expect(await gateway.metric('sluice_connections')).toBe(2);
    expect(await gateway.metric('sluice_messages_in_total')).toBe(3);
    expect(await gateway.metric('sluice_workers')).toBe(2);

    for (const user of ['ada', 'ben']) await gateway.request('/api/v1/revocations', { user });
    const revoked = ({ msg, code }: LogLine): boolean => msg === 'connection closed' && code === 4102;
    await gateway.logged((line) => revoked(line) && line.node === 'm/1' && line.user === 'ada');
    await gateway.logged((line) => revoked(line) && line.node === 'm/2' && line.user === 'ben');

    expect(await gateway.stop()).toBe(0);
    expect(gateway.left).toEqual([]);
    expect(readdirSync(gateway.folder)).toEqual(['sluice.json']);
  });

  it('lose nothing and repeat nothing if one is killed under load and replaced', async () => {
    const gateway = await launch().start();
    const reader = await gateway.clientOn('m/1', 'ada');
    const writer = await gateway.clientOn('m/2', 'ben');
    const [reading, writing] = [follow<number>(reader, 'chat:a'), follow<number>(writer, 'chat:a')];
    await Promise.all([reading.ready, writing.ready]);
    const TOTAL = 600;
    let sent = 0;
    const publishing: Promise<unknown>[] = [];
    const before = await gateway.metric('sluice_messages_in_total');
    for (; sent < TOTAL; sent++) {
      publishing.push(reading.channel.publish(sent), writing.channel.publish(-sent - 1));
      if (sent % 50 === 0) await Promise.all(publishing.slice(-20));
      if (sent === TOTAL / 3) process.kill(gateway.pidOf('worker'), 'SIGKILL');
    }
    await Promise.all(publishing);
    for (const { seen, gaps } of [reading, writing]) {
      await expect.poll(() => seen.length).toBeGreaterThanOrEqual(2 * TOTAL);
      expect(seen.filter((n) => n >= 0)).toEqual(Array.from({ length: TOTAL }, (_, at) => at));
      expect(seen.filter((n) => n < 0)).toEqual(Array.from({ length: TOTAL }, (_, at) => -at - 1));
      expect(gaps).toEqual([]);
    }
    await gateway.logged(({ msg }) => msg === 'gateway started', { count: 3 });
    await expect.poll(() => gateway.metric('sluice_workers')).toBe(2);
    expect(await gateway.metric('sluice_messages_in_total')).toBeGreaterThanOrEqual(before);
    expect(await gateway.stop()).toBe(0);
    expect(gateway.left).toEqual([]);
  });

  it('report lost continuity if the engine process is killed, and continue', async () => {
    const gateway = await launch().start();
    const ada = follow<string>(await gateway.client('ada'), 'chat:a');
    await ada.ready;
    await ada.channel.publish('before');
    await expect.poll(() => ada.seen).toEqual(['before']);
    process.kill(gateway.pidOf('owner'), 'SIGKILL');
    await expect.poll(() => ada.gaps).toEqual(['epoch_changed']);
    await ada.channel.publish('after');
    await expect.poll(() => ada.seen).toEqual(['before', 'after']);
    expect(await gateway.stop()).toBe(0);
    expect(gateway.left).toEqual([]);
  });

  it('continue in the same epoch if the process of the durable engine is killed', async () => {
    const gateway = await launch({ engine: 'durable', durable: { data: 'data' } }).start();
    const ada = follow<number>(await gateway.clientOn('m/1', 'ada'), 'chat:a');
    const ben = follow<number>(await gateway.clientOn('m/2', 'ben'), 'chat:a');
    await Promise.all([ada.ready, ben.ready]);
    const TOTAL = 60;
    const publishing: Promise<unknown>[] = [];
    for (let at = 0; at < TOTAL; at++) {
      publishing.push(publishUntilTaken(ada.channel, at));
      if (at === TOTAL / 2) process.kill(gateway.pidOf('owner'), 'SIGKILL');
    }
    await Promise.all(publishing);
    for (const { seen, gaps } of [ada, ben]) {
      await expect.poll(() => seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: TOTAL }, (_, at) => at));
      expect(gaps).toEqual([]);
    }
    expect(await gateway.stop()).toBe(0);
    expect(gateway.left).toEqual([]);
  });

  it('name the supervisor to stop if their data folder is in use, and keep the folder private', async () => {
    const gateway = launch({ engine: 'durable', durable: { data: 'data' } });
    await gateway.start();
    const data = join(gateway.folder, 'data');
    const second = launch({ engine: 'durable', durable: { data } });
    expect(await second.ended).toBe(1);
    expect(second.errors).toContain(
      `in use by another gateway (process ${gateway.pid}). Stop it first: kill ${gateway.pid}`,
    );
    expect(statSync(data).mode & 0o777).toBe(0o700);
    const sockets = readdirSync(gateway.folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.sock'),
    );
    expect(sockets).toHaveLength(1);
    for (const file of sockets) expect(statSync(join(gateway.folder, file)).mode & 0o777).toBe(0o600);
    expect(await gateway.stop()).toBe(0);
  });

  it('each connect to Redis, and need no engine process', async () => {
    const { port } = await RedisServer.start();
    const gateway = await launch({ engine: 'redis', redis: { url: `redis://127.0.0.1:${port}` } }).start();
    const ada = follow<string>(await gateway.clientOn('m/1', 'ada'), 'chat:a');
    const ben = follow<string>(await gateway.clientOn('m/2', 'ben'), 'chat:a');
    await Promise.all([ada.ready, ben.ready]);
    expect(() => gateway.pidOf('owner')).toThrow('no owner process is running');
    await ada.channel.publish('hello');
    for (const { seen } of [ada, ben]) await expect.poll(() => seen).toEqual(['hello']);
    expect(await gateway.stop()).toBe(0);
    expect(gateway.left).toEqual([]);
  });

  it('are killed if they do not drain in time, and the exit code shows it', async () => {
    const gateway = await launch({ drain: 0 }).start();
    process.kill(gateway.pidOf('worker'), 'SIGSTOP');
    expect(await gateway.stop()).toBe(1);
    expect(gateway.errors).toMatch(/m\/[12] did not end in time and had to be killed/);
    expect(gateway.left).toEqual([]);
  });

  it('issue development tokens that all of them accept', async () => {
    const gateway = await launch({ dev: true, keys: [], apiKeys: [] }).start();
    const nodes = new Set<string>();
    const apiKeys = new Set<string>();
    while (nodes.size < 2) {
      const { token, apiKey } = (await (await gateway.request('/dev/token?sub=ada')).json()) as {
        token: string;
        apiKey: string;
      };
      apiKeys.add(apiKey);
      const client = await gateway.client('ada', token);
      nodes.add((await gateway.workerOf(client, 'ada')) ?? '');
      client.close();
    }
    expect([...nodes].toSorted()).toEqual(['m/1', 'm/2']);
    expect(apiKeys.size).toBe(1);
    expect(await gateway.stop()).toBe(0);
  });

  it('are drained individually by their names, and all together by the node name', async () => {
    const gateway = await launch().start();
    const ada = await gateway.clientOn('m/2', 'ada');
    expect((await gateway.request('/api/v1/drain', { node: 'm/2' })).status).toBe(202);
    await gateway.logged(({ msg, node }) => msg === 'gateway stopped' && node === 'm/2');
    await gateway.logged(({ msg, node }) => msg === 'gateway started' && node === 'm/2', { count: 2 });
    await expect.poll(() => ada.state).toBe('connected');
    expect((await gateway.request('/api/v1/drain', { node: 'm' })).status).toBe(202);
    expect(await gateway.ended).toBe(0);
    expect(gateway.left).toEqual([]);
  });

  it('do not share their port with other programs', async () => {
    const gateway = await launch().start();
    const { port } = new URL(await gateway.url());
    for (const workers of [1, 2]) {
      const second = launch({ port: Number(port), workers });
      expect(await second.ended).toBe(1);
      expect(second.errors).toContain(`cannot listen on 127.0.0.1:${port}`);
    }
    await gateway.stop();
    const third = await launch({ port: Number(port) }).start();
    expect(await third.stop()).toBe(0);
  });

  it('end when their supervisor is killed', async () => {
    const gateway = await launch().start();
    expect(gateway.left).toHaveLength(3);
    gateway.signal('SIGKILL');
    await expect.poll(() => gateway.left).toEqual([]);
  });

  it('do not start if they cannot listen, and leave nothing behind', async () => {
    const gateway = launch({ host: '203.0.113.1' });
    expect(await gateway.ended).toBe(1);
    expect(gateway.errors).toContain('cannot listen on 203.0.113.1');
    expect(gateway.left).toEqual([]);
  });
});
