import { describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config/schema.ts';
import type { HookReply } from '../src/index.ts';
import { PermissionReview } from '../src/session/permission-review.ts';
import { HeldCalls } from './support/held-calls.ts';
import { CHANNELS, chat, hook, mint, Pending, start } from './support/hook-world.ts';
import type { ProtocolClient } from './support/protocol-client.ts';
import { SECRET } from './support/tokens.ts';
import type { World } from './support/world.ts';

describe('a recheck', () => {
  it('follows a refresh of the token: what is denied ends, and filters adapt', async () => {
    let isAllowed = true;
    const { calls, ask } = hook(({ channel }) => channel !== 'chat:lobby' || isAllowed);
    const { world, connect } = await start({ app: { subscribe: ask, ttl: '1h' } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'subscribe', channel: 'chat:other' });
    isAllowed = false;
    await client.result({ type: 'refresh', token: await mint(world) });
    expect(await client.push('unsubscribed', 'chat:lobby')).toMatchObject({ reason: 'permission' });
    expect(client.received.some((message) => message.type === 'unsubscribed' && message.channel === 'chat:other')).toBe(
      false,
    );
    expect(calls).toHaveLength(4);
    await client.request({ type: 'subscribe', ...chat });
    expect(calls, 'the answer of the recheck is remembered').toHaveLength(4);
  });

  it.each<[string, (world: World, client: ProtocolClient) => Promise<unknown>, object]>([
    ['a refresh', async (world, client) => client.result({ type: 'refresh', token: await mint(world) }), {}],
    ['a recheck', (world) => world.assembly.manage.recheck({ user: 'ada' }), { connections: 1, ended: 0 }],
  ])('replaces the filter of a subscription after %s, which does not end', async (_, change, report) => {
    let team = 'red';
    const { world, connect } = await start({
      app: { subscribe: () => ({ allow: true, filter: { tags: { team } } }) },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    team = 'blue';
    expect(await change(world, client)).toMatchObject(report);
    await world.gateway.publish('chat:lobby', 'red', { tags: { team: 'red' } });
    await world.gateway.publish('chat:lobby', 'blue', { tags: { team: 'blue' } });
    const [message] = await client.messages('chat:lobby', 1);
    expect(message?.data).toBe('blue');
  });

  it('has a hook of its own, which is also asked about members', async () => {
    const recheck = hook(({ verb }) => verb === 'subscribe');
    const { world, connect } = await start({ app: { recheck: recheck.ask, subscribe: () => true, enter: () => true } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'enter', ...chat });
    const sessions = world.services.registry.all();
    await PermissionReview.ofHooks(sessions, world.services).run();
    expect(await client.push('left', 'chat:lobby')).toMatchObject({ reason: 'permission' });
    expect(recheck.calls.map(({ hook: name, verb }) => `${name} ${verb}`)).toEqual([
      'recheck subscribe',
      'recheck enter',
    ]);
  });
});

describe('a subscription that is being opened', () => {
  const changes: [string, (world: World, client: ProtocolClient) => unknown][] = [
    ['a refresh of the token', async (world, client) => client.result({ type: 'refresh', token: await mint(world) })],
    ['a recheck', (world) => world.assembly.manage.recheck({ user: 'ada' })],
    ['nothing', () => undefined],
  ];

  it.each(changes)('is asked about again after %s', async (what, change) => {
    let isAllowed = true;
    const { calls, ask } = hook(() => isAllowed);
    const { world, connect } = await start({ app: { subscribe: ask } });
    const client = await connect();
    const held = new HeldCalls().hold(world.assembly.engine.log, 'read');
    const [id] = client.send({ type: 'subscribe', ...chat });
    await world.until(() => held.waiting.length > 0);
    isAllowed = false;
    await change(world, client);
    held.release();
    await client.wait((message) => message.type === 'reply' && message.id === id);
    await world.idle();
    const isEnded = what !== 'nothing';
    expect(client.received.some(({ type }) => type === 'unsubscribed')).toBe(isEnded);
    expect(calls).toHaveLength(isEnded ? 2 : 1);
  });
});

describe('what is remembered, after a recheck', () => {
  const HOUR = 3_600_000;

  it('is not the permission that it has denied, although the denial has no ttl', async () => {
    let reply: HookReply = { allow: true, ttl: HOUR };
    const { calls, ask } = hook(() => reply);
    const { world, connect } = await start({ app: { subscribe: ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    reply = { allow: false };
    await client.result({ type: 'refresh', token: await mint(world) });
    await client.push('unsubscribed', 'chat:lobby');
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
    expect(calls).toHaveLength(3);
  });

  it('is not the permission of another hook, nor that to read the history', async () => {
    let isAllowed = true;
    const { calls, ask } = hook(() => ({ allow: isAllowed, ttl: HOUR }));
    const { world, connect } = await start({
      app: { subscribe: ask },
      again: { recheck: () => ({ allow: isAllowed }) },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'history', ...chat });
    isAllowed = false;
    await client.result({ type: 'refresh', token: await mint(world) });
    await client.push('unsubscribed', 'chat:lobby');
    for (const type of ['subscribe', 'history'] as const) {
      await expect(client.request({ type, ...chat })).resolves.toMatchObject({ error: { name: 'permission_denied' } });
    }
    expect(calls.map(({ verb }) => verb)).toEqual(['subscribe', 'history', 'subscribe', 'history']);
  });

  it('is not the permission that it has denied, although the hook of the operation fails', async () => {
    let isAway = false;
    const subscribe = () => {
      if (isAway) throw new Error('away');
      return true;
    };
    const { world, connect } = await start({
      app: { subscribe, onFailure: 'cached' },
      again: { recheck: () => false },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    isAway = true;
    await client.result({ type: 'refresh', token: await mint(world) });
    await client.push('unsubscribed', 'chat:lobby');
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { name: 'unavailable' },
    });
  });

  it('is nothing about a user who was not connected, except for other channels', async () => {
    const { calls, ask } = hook(() => ({ allow: true, ttl: HOUR }));
    const { world, connect } = await start({ app: { connect: ask, subscribe: ask } });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'subscribe', channel: 'doc:1' });
    const leave = async () => {
      await world.assembly.manage.disconnect({ user: 'ada' });
      await world.until(() => world.services.registry.users.of('ada') === 0);
    };
    await leave();
    const again = async () => {
      const before = calls.length;
      const next = await connect();
      await next.result({ type: 'subscribe', ...chat });
      await next.result({ type: 'subscribe', channel: 'doc:1' });
      await leave();
      return calls.slice(before).map(({ channel }) => channel ?? 'connect');
    };
    expect(await again()).toEqual([]);
    await world.assembly.manage.recheck({ user: 'ada', pattern: 'chat:**' });
    expect(await again()).toEqual(['chat:lobby']);
    await world.assembly.manage.recheck({ user: 'ada' });
    expect(await again()).toEqual(['connect', 'chat:lobby', 'doc:1']);
  });

  it.each(['a recheck', 'a reload'])('is no answer that was on its way at the time of %s', async (what) => {
    const pending = new Pending();
    const app = { subscribe: pending.ask, ttl: '1h' };
    const { hooks } = parseConfig({ channels: CHANNELS, hooks: { app }, keys: [{ secret: SECRET }] });
    const { world, connect } = await start({ app });
    const client = await connect();
    const answered = client.request({ type: 'subscribe', ...chat });
    await world.until(() => pending.names.length === 1);
    if (what === 'a recheck') await world.assembly.manage.recheck({ user: 'ada' });
    else world.services.hooks.replace(hooks);
    pending.answer('chat:lobby', true);
    await world.idle();
    expect(pending.names, 'asked again').toEqual(['chat:lobby']);
    pending.answer('chat:lobby', false);
    await expect(answered).resolves.toMatchObject({ error: { name: 'permission_denied' } });
  });
});
