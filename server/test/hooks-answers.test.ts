import { describe, expect, it } from 'vitest';
import type { HookInput } from '../src/config/hook-options.ts';
import { parseConfig } from '../src/config/schema.ts';
import type { HookCall, HookReply } from '../src/index.ts';
import { CHANNELS, chat, hook, start } from './support/hook-world.ts';
import { SECRET } from './support/tokens.ts';

describe('answers', () => {
  it('are remembered for their ttl, by user and channel', async () => {
    const { calls, ask } = hook(({ user }) => user === 'ada');
    const { world, connect } = await start({ app: { subscribe: ask, ttl: '1m' } });
    for (const user of ['ada', 'ada', 'bob', 'bob']) {
      const client = await connect(user);
      await client.request({ type: 'subscribe', ...chat });
    }
    expect(calls.map(({ user }) => user)).toEqual(['ada', 'bob']);
    const ada = await connect();
    await ada.result({ type: 'subscribe', channel: 'chat:other' });
    expect(calls).toHaveLength(3);
    world.clock.advance(60_000);
    const again = await connect();
    await again.result({ type: 'subscribe', ...chat });
    expect(calls).toHaveLength(4);
  });

  it('about members are remembered with their state', async () => {
    const { calls, ask } = hook(({ state }) => (state as { bad?: boolean } | undefined)?.bad !== true);
    const { connect } = await start({ app: { enter: ask, ttl: '1m', onFailure: 'cached' } });
    const client = await connect();
    await client.result({ type: 'enter', ...chat, state: { bad: false, at: 1 } });
    await client.result({ type: 'enter', ...chat, state: { at: 1, bad: false } });
    expect(calls).toHaveLength(1);
    await expect(client.request({ type: 'enter', ...chat, state: { bad: true } })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
    expect(calls).toHaveLength(2);
  });

  it('are not replaced by those about another state when the hook fails', async () => {
    let isAway = false;
    const enter = () => {
      if (isAway) throw new Error('away');
      return true;
    };
    const { connect } = await start({ app: { enter, onFailure: 'cached' } });
    const client = await connect();
    await client.result({ type: 'enter', ...chat, state: 'known' });
    isAway = true;
    await client.result({ type: 'enter', ...chat, state: 'known' });
    await expect(client.request({ type: 'enter', ...chat, state: 'other' })).resolves.toMatchObject({
      error: { name: 'unavailable' },
    });
  });

  it('may have a ttl of their own', async () => {
    const { calls, ask } = hook(() => ({ allow: true, ttl: 5_000 }));
    const { connect } = await start({ app: { subscribe: ask } });
    for (let at = 0; at < 2; at++) {
      const client = await connect();
      await client.result({ type: 'subscribe', ...chat });
    }
    expect(calls).toHaveLength(1);
  });

  it.each(['claims', 'meta'])('are only for users with the same %s', async (what) => {
    let tier = 0;
    const { calls, ask } = hook(() => true);
    const connectHook = () => ({ allow: true, meta: what === 'meta' ? tier : 0 });
    const { connect } = await start({ app: { connect: connectHook }, chats: { subscribe: ask, ttl: '1m' } });
    for (tier of [0, 0, 1, 1]) {
      const client = await connect('ada', { tier: what === 'claims' ? tier : 0 });
      await client.result({ type: 'subscribe', ...chat });
    }
    expect(calls).toHaveLength(2);
  });

  it('of publishes are never remembered', async () => {
    const { calls, ask } = hook(() => true);
    const { connect } = await start({ app: { publish: ask, ttl: '1m' } });
    const client = await connect();
    await client.result({ type: 'publish', ...chat, data: 1 });
    await client.result({ type: 'publish', ...chat, data: 1 });
    expect(calls).toHaveLength(2);
  });

  it('of publishes do not replace a hook that fails', async () => {
    let isAway = false;
    const publish = () => {
      if (isAway) throw new Error('away');
      return true;
    };
    const { connect } = await start({ app: { publish, onFailure: 'cached' } });
    const client = await connect();
    await client.result({ type: 'publish', ...chat, data: 1 });
    isAway = true;
    await expect(client.request({ type: 'publish', ...chat, data: 1 })).resolves.toMatchObject({
      error: { name: 'unavailable' },
    });
  });
});

describe('a function', () => {
  it.each<[string, () => Promise<HookReply>]>([
    ['answers', () => Promise.resolve(true)],
    ['fails', () => Promise.reject(new Error('away'))],
  ])('has no timer after it %s', async (_, publish) => {
    const { world, connect } = await start({ app: { publish } });
    const client = await connect();
    await client.request({ type: 'publish', ...chat, data: 1 }); // the log has a timer from its first line
    const before = world.clock.running;
    await client.request({ type: 'publish', ...chat, data: 1 });
    expect(world.clock.running).toBe(before);
  });
});

describe('a reload', () => {
  it('replaces hooks that have changed, and forgets their answers', async () => {
    const { calls, ask } = hook(() => true);
    const hooks = { app: { subscribe: ask, ttl: '1h' } };
    const { world, connect } = await start(hooks);
    const client = await connect();
    const config = (next: Record<string, HookInput>) =>
      parseConfig({ keys: [{ secret: SECRET }], channels: CHANNELS, hooks: next });
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'unsubscribe', ...chat });
    await world.gateway.reload(config(hooks));
    await client.result({ type: 'subscribe', ...chat });
    await client.result({ type: 'unsubscribe', ...chat });
    expect(calls).toHaveLength(1);
    const report = await world.gateway.reload(config({ app: { subscribe: () => false } }));
    expect(report.changes).toContain('hooks: changed "app"');
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
  });
});

describe('a hook that fails', () => {
  const FAILURES: [string, (call: HookCall) => unknown, string][] = [
    [
      'throws',
      () => {
        throw new Error('the database is away');
      },
      'invalid',
    ],
    ['rejects', () => Promise.reject(new Error('the database is away')), 'invalid'],
    ['returns nothing', () => undefined, 'invalid'],
    ['returns an unknown field', () => ({ allow: true, alow: 1 }), 'invalid'],
    ['returns an invalid filter', () => ({ allow: true, filter: { tag: 1 } }), 'invalid'],
    ['returns a filter for a ttl', () => ({ allow: true, ttl: -1 }), 'invalid'],
  ];

  it.each(FAILURES)('because it %s: the operation is refused, and may be tried again', async (_, answer, failure) => {
    const { connect, lines } = await start({ app: { subscribe: answer as never } });
    const client = await connect();
    await expect(client.request({ type: 'subscribe', ...chat })).resolves.toMatchObject({
      error: { name: 'unavailable', message: `the hook "app" gave no answer (${failure})`, retryable: true },
    });
    expect(lines.join('')).toContain('a hook failed');
  });

  it('because it is slow: the operation is refused after its timeout', async () => {
    const { world, connect } = await start({ app: { subscribe: () => new Promise<never>(() => {}), timeout: '2s' } });
    const client = await connect();
    const answered = client.request({ type: 'subscribe', ...chat });
    await world.idle();
    world.clock.advance(1_999);
    await world.idle();
    expect(client.received.filter((message) => message.type === 'error')).toEqual([]);
    world.clock.advance(1);
    await expect(answered).resolves.toMatchObject({ error: { message: 'the hook "app" gave no answer (timeout)' } });
  });

  it('allows the operation with onFailure: allow', async () => {
    const { connect } = await start({ app: { publish: () => Promise.reject(new Error('away')), onFailure: 'allow' } });
    const client = await connect();
    await client.result({ type: 'publish', ...chat, data: 1 });
  });

  it('is replaced by its last answer with onFailure: cached', async () => {
    let isAway = false;
    const { connect } = await start({
      app: {
        subscribe: ({ channel }) => {
          if (isAway) throw new Error('away');
          return channel !== 'chat:staff';
        },
        onFailure: 'cached',
      },
    });
    const client = await connect();
    await client.result({ type: 'subscribe', ...chat });
    await client.request({ type: 'subscribe', channel: 'chat:staff' });
    isAway = true;
    const again = await connect();
    await again.result({ type: 'subscribe', ...chat });
    await expect(again.request({ type: 'subscribe', channel: 'chat:staff' })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
    await expect(again.request({ type: 'subscribe', channel: 'chat:never-asked' })).resolves.toMatchObject({
      error: { name: 'unavailable' },
    });
  });
});
