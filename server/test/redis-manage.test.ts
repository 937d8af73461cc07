import { describe, expect, it } from 'vitest';
import { call, readAll, startManaged } from './support/managed-gateways.ts';
import { startRedis } from './support/redis-server.ts';
import { tokenFor } from './support/tokens.ts';

const WAIT = { timeout: 60_000 };

describe('two gateways on one Redis', () => {
  it('report what there is on both', async () => {
    const { url } = await startRedis();
    const redis = { engine: 'redis', redis: { url } } as const;
    const [one, two] = [await startManaged({ ...redis, node: 'one' }), await startManaged({ ...redis, node: 'two' })];
    const { client: ada } = await one.connect(await tokenFor('ada'));
    const { client: ben } = await two.connect(await tokenFor('ben'));
    await ada.result({ type: 'subscribe', channel: 'chat:a' });
    for (const channel of ['chat:a', 'chat:b']) await ben.result({ type: 'subscribe', channel });
    await ben.result({ type: 'enter', channel: 'chat:a' });
    await ben.result({ type: 'publish', channel: 'chat:a', data: 1 });

    const { json: nodes } = await call(one, '/nodes');
    expect(nodes.nodes.map(({ node, engine }: { node: string; engine: string }) => [node, engine])).toEqual([
      ['one', 'redis'],
      ['two', 'redis'],
    ]);
    expect(nodes.missing).toBeUndefined();
    await two.gateway.manage.enter('chat:members', 'bot');
    await two.gateway.publish('chat:messages', 1);
    const channels = await readAll(one, '/channels?limit=1', 'channels');
    expect(channels).toMatchObject([
      { channel: 'chat:a', subscribers: 2, members: 1, head: 1, bytes: expect.any(Number) },
      { channel: 'chat:b', subscribers: 1, members: 0, head: 0, bytes: 0 },
      { channel: 'chat:members', subscribers: 0, members: 1, head: 0, bytes: 0 },
      { channel: 'chat:messages', subscribers: 0, members: 0, head: 1, bytes: expect.any(Number) },
    ]);
    const { bytes } = (await call(two, '/channels/chat:a')).json;
    expect(bytes).toBeGreaterThan('{"data":1}'.length);
    expect((await call(two, '/users/ada')).json).toMatchObject({ online: true, connections: [{ node: 'one' }] });

    await two.stop();
    await expect.poll(async () => (await call(one, '/nodes')).json.nodes.length, WAIT).toBe(1);
  });
});
