import { describe, expect, it } from 'vitest';
import { chat, hook, mint, Pending, start } from './support/hook-world.ts';
import { createWorld } from './support/world.ts';

describe('the hook "subscribe"', () => {
  it('is asked with the user, the claims and the channel, and its denial reaches the client', async () => {
    const { calls, ask } = hook(({ channel }) =>
      channel === 'chat:staff' ? { allow: false, message: 'Staff only.' } : true,
    );
    const { connect } = await start({ app: { subscribe: ask } });
    const client = await connect('ada', { plan: 'free' });
    await client.result({ type: 'subscribe', ...chat });
    await expect(client.request({ type: 'subscribe', channel: 'chat:staff' })).resolves.toMatchObject({
      error: { name: 'permission_denied', message: 'Staff only.' },
    });
    expect(calls).toEqual([
      expect.objectContaining({
        ...{ hook: 'subscribe', user: 'ada', channel: 'chat:lobby', verb: 'subscribe' },
        claims: expect.objectContaining({ plan: 'free' }),
        connection: expect.any(String),
      }),
      expect.objectContaining({ channel: 'chat:staff' }),
    ]);
  });

  it('is not asked about what the rules refuse, nor about channels of other hooks', async () => {
    const { calls, ask } = hook(() => true);
    const { connect } = await start({ app: { subscribe: ask, channels: ['doc:**'] } });
    const client = await connect();
    await client.request({ type: 'subscribe', channel: 'unknown:1' });
    await client.result({ type: 'subscribe', ...chat });
    expect(calls).toEqual([]);
  });

  it('is the one with the most specific pattern', async () => {
    const wide = hook(() => true);
    const narrow = hook(() => false);
    const { connect } = await start({
      wide: { subscribe: wide.ask },
      narrow: { subscribe: narrow.ask, channels: 'chat:staff' },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await expect(client.request({ type: 'subscribe', channel: 'chat:staff' })).resolves.toMatchObject({
      error: { message: 'the hook "narrow" does not allow "subscribe" on "chat:staff"' },
    });
    expect([wide.calls.length, narrow.calls.length]).toEqual([1, 1]);
  });

  it('is asked about the bound channel that a pattern gets its messages from, whatever other bound channels there are', async () => {
    const { calls, ask } = hook(() => false);
    const world = await createWorld({
      channels: {
        'orders:{region}:{kind}': { allow: { '*': 'users' }, history: true },
        'orders:all': { allow: { '*': 'users' }, history: true, bind: ['orders:**'] },
        audit: { allow: { subscribe: 'role:auditor' }, history: true, bind: ['orders:*:created'] },
      },
      hooks: { shop: { channels: 'orders:**', subscribe: ask } },
    });
    const { client } = await world.connect(await mint(world));
    await expect(client.request({ type: 'subscribe', channel: 'orders:*:created' })).resolves.toMatchObject({
      error: {
        name: 'permission_denied',
        message: expect.stringContaining('the hook "shop"'),
        remedy: 'The hook "shop" decides this: your backend must allow it.',
      },
    });
    expect(calls.map(({ channel }) => channel)).toEqual(['orders:*:created']);
    const { client: auditor } = await world.connect(await mint(world, 'eve', { roles: ['auditor'] }));
    await auditor.result({ type: 'subscribe', channel: 'orders:*:created' });
    expect(calls, 'no hook is responsible for "audit"').toHaveLength(1);
  });

  it('forces a filter on replay, live messages and history', async () => {
    const { calls, ask } = hook(() => ({ allow: true, filter: { tags: { team: 'red' } } }));
    const { world, connect } = await start({ app: { subscribe: ask } });
    const publish = (data: string, team: string) => world.gateway.publish('chat:lobby', data, { tags: { team } });
    await publish('old red', 'red');
    await publish('old blue', 'blue');
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat, rewind: 10 });
    await publish('new blue', 'blue');
    await publish('new red', 'red');
    const messages = await client.messages('chat:lobby', 2);
    expect(messages.map(({ data }) => data)).toEqual(['old red', 'new red']);
    await expect(client.result({ type: 'history', ...chat })).resolves.toMatchObject({
      messages: [{ data: 'old red' }, { data: 'new red' }],
    });
    expect(calls.map(({ verb }) => verb)).toEqual(['subscribe', 'history']);
  });

  it('does not keep commands on other channels waiting, and keeps the order of its own', async () => {
    const pending = new Pending();
    const { world, connect } = await start({ app: { subscribe: pending.ask, channels: 'doc:**' } });
    const client = await connect();
    const [subscribe, publish, other] = client.send(
      { type: 'subscribe', channel: 'doc:1' },
      { type: 'publish', channel: 'doc:1', data: 'after the subscription' },
      { type: 'subscribe', ...chat },
    );
    await client.wait((message) => message.type === 'reply' && message.id === other);
    expect(client.received.some((message) => 'id' in message && message.id === publish)).toBe(false);
    await world.until(() => pending.names.length === 1);
    pending.answer('doc:1');
    await client.messages('doc:1', 1);
    const replies = client.received.flatMap((message) => (message.type === 'reply' ? [message.id] : []));
    expect(replies.slice(-3)).toEqual([other, subscribe, publish]);
  });
});
