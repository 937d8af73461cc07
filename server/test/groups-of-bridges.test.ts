import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const SECRET = 'an-API-key-that-only-tests-know';
const HEADERS = { authorization: `Bearer ${SECRET}` };
const REDIS = { url: 'redis://127.0.0.1:1' }; // nobody listens there

/** Channels that bridges read, one with a group of its own. */
const CONFIG = {
  apiKeys: [{ name: 'backend', secret: SECRET }],
  channels: {
    audit: { allow: { consume: 'users' }, history: true },
    orders: { allow: { consume: 'users' }, history: true, groups: { billing: { start: 'oldest' } } },
  },
  bridges: {
    audit: { redis: REDIS, from: { channel: 'audit' }, to: { stream: 'audit' } },
    orders: { redis: REDIS, from: { channel: 'orders' }, to: { stream: 'orders' } },
  },
} as unknown as ConfigInput;

async function start() {
  const world = await createWorld(CONFIG);
  const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
  await world.gateway.publish('orders', 1);
  await world.gateway.publish('audit', 1);
  const post = async (path: string) => {
    const { status, body } = await world.transport.request({ method: 'POST', path, headers: HEADERS, body: {} });
    return { status, ...(JSON.parse(String(body)) as { error?: { name: string; message: string } }) };
  };
  return { ...world, client, post };
}

describe('the group of a bridge', () => {
  it.each(['audit', 'orders'])('of "%s" gives messages to nobody else', async (channel) => {
    const { client, post, gateway } = await start();
    const group = `bridge/${channel}`;
    const why = `only the bridge "${channel}" consumes the group "${group}" of "${channel}"`;
    expect(await client.request({ type: 'consume', channel, group })).toMatchObject({
      type: 'error',
      error: { name: 'permission_denied', message: expect.stringContaining(why) },
    });
    expect(await post(`/api/v1/channels/${channel}/groups/${encodeURIComponent(group)}/lease`)).toMatchObject({
      status: 403,
      error: { message: expect.stringContaining(why) },
    });
    expect(() => gateway.consume(channel, () => {}, { group })).toThrow(why);
  });

  it('is not meant by a consumer that names none', async () => {
    const { client } = await start();
    expect(await client.request({ type: 'consume', channel: 'audit' })).toMatchObject({
      error: { name: 'group_unknown', message: expect.stringContaining('has no consumer groups') },
    });
    expect(await client.result({ type: 'consume', channel: 'orders' })).toMatchObject({ group: 'billing' });
  });

  it('shows its numbers to operators', async () => {
    const { transport } = await start();
    const path = `/api/v1/channels/audit/groups/${encodeURIComponent('bridge/audit')}`;
    expect((await transport.request({ path, headers: HEADERS })).status).toBe(200);
  });
});
