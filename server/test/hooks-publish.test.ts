import { describe, expect, it } from 'vitest';
import { chat, hook, Pending, start } from './support/hook-world.ts';

describe('the hook "publish"', () => {
  it('may replace payload and tags', async () => {
    const { calls, ask } = hook(({ data }) => ({ allow: true, data: `${String(data)}!`, tags: { seen: 'yes' } }));
    const { connect } = await start({ app: { publish: ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'publish', ...chat, data: 'hello', event: 'said', tags: { a: 'b' } });
    const [message] = await client.messages('chat:lobby', 1);
    expect(message).toMatchObject({ data: 'hello!', event: 'said', tags: { seen: 'yes' }, from: 'ada' });
    expect(calls[0]).toMatchObject({ data: 'hello', event: 'said', tags: { a: 'b' } });
  });

  it('may not make a payload too large', async () => {
    const { connect } = await start({ app: { publish: () => ({ allow: true, data: 'x'.repeat(65_536) }) } });
    const client = await connect();
    await expect(client.request({ type: 'publish', ...chat, data: 'small' })).resolves.toMatchObject({
      error: { name: 'payload_too_large' },
    });
  });

  it('keeps the order of a connection on a channel, whatever the order of its answers', async () => {
    const pending = new Pending();
    const { world, connect } = await start({ app: { publish: pending.ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    client.send(...['a', 'b', 'c'].map((data) => ({ type: 'publish', ...chat, data }) as const));
    await world.until(() => pending.names.length === 3);
    pending.answer('c');
    pending.answer('b', false);
    await world.idle();
    pending.answer('a');
    const messages = await client.messages('chat:lobby', 2);
    expect(messages.map(({ data }) => data)).toEqual(['a', 'c']);
  });

  it('is not asked about publishes of the program and of backends', async () => {
    const { calls, ask } = hook(() => false);
    const { world } = await start({ app: { publish: ask } });
    await expect(world.gateway.publish('chat:lobby', 'from the program')).resolves.toMatchObject({ offset: 1 });
    const by = { user: null, name: 'backend', trusted: true, claims: {}, capabilities: [] } as const;
    const messages = [{ channel: 'chat:lobby', draft: { data: 'from a backend' } }];
    await expect(world.services.door.publishAll(messages, { by, allowance: null })).resolves.toMatchObject([
      { offset: 2 },
    ]);
    expect(world.services.hooks.ask({ kind: 'publish', by, asker: {}, channel: 'chat:lobby' })).toBeNull();
    expect(calls).toEqual([]);
  });

  it('decides about scheduled messages when they are scheduled', async () => {
    const { ask } = hook(({ data }) =>
      data === 'no' ? { allow: false, message: 'No.' } : { allow: true, data: 'yes!' },
    );
    const { world, connect } = await start({ app: { publish: ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await expect(client.request({ type: 'schedule', ...chat, data: 'no', delay: 10 })).resolves.toMatchObject({
      error: { name: 'permission_denied', message: 'No.' },
    });
    await client.result({ type: 'schedule', ...chat, data: 'yes', delay: 10 });
    world.clock.advance(1_000);
    const [message] = await client.messages('chat:lobby', 1);
    expect(message?.data).toBe('yes!');
  });

  it('is asked about the messages of a token over the door, in their order', async () => {
    const pending = new Pending();
    const { world } = await start({ app: { publish: pending.ask } });
    const by = { user: 'ada', claims: {}, capabilities: [] };
    const messages = ['a', 'b'].map((data) => ({ channel: 'chat:lobby', draft: { data } }));
    const outcomes = world.services.door.publishAll(messages, { by, allowance: null });
    await world.until(() => pending.names.length === 2);
    pending.answer('b');
    await world.idle();
    pending.answer('a');
    await expect(outcomes).resolves.toMatchObject([{ offset: 1 }, { offset: 2 }]);
  });
});
