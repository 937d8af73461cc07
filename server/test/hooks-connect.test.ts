import { ERRORS } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import type { HookReply } from '../src/index.ts';
import { chat, hook, mint, Pending, start } from './support/hook-world.ts';

describe('the hook "connect"', () => {
  it('closes a connection that it denies, with its text', async () => {
    const { world } = await start({
      app: { connect: () => ({ allow: false, message: 'Your account is suspended.' }) },
    });
    const { client } = world.open();
    const answered = client.request({ type: 'connect', token: await mint(world) });
    await expect(answered).resolves.toMatchObject({
      error: { name: 'connect_denied', message: 'Your account is suspended.' },
    });
    await expect(client.ended()).resolves.toMatchObject({ code: 4213 });
  });

  it('holds commands until it has answered', async () => {
    let allow: (reply: HookReply) => void = () => {};
    const { world } = await start({ app: { connect: () => new Promise<HookReply>((resolve) => (allow = resolve)) } });
    const { client } = world.open();
    const token = await mint(world);
    const [, publish] = client.send({ type: 'connect', token }, { type: 'publish', ...chat, data: 1 });
    await world.idle();
    expect(client.received).toEqual([]);
    allow(true);
    await client.wait((message) => message.type === 'reply' && message.id === publish);
  });

  it('may take longer than connectTimeout, within its own timeout', async () => {
    const pending = new Pending();
    const { world } = await start({ app: { connect: pending.ask, timeout: '20s' } });
    const { client: slow } = world.open();
    slow.send({ type: 'connect', token: await mint(world) });
    await world.until(() => pending.names.length === 1);
    world.clock.advance(19_999);
    pending.answer('undefined', true);
    await slow.wait((message) => message.type === 'reply');
    const { client: late } = world.open();
    late.send({ type: 'connect', token: await mint(world) });
    await world.until(() => pending.names.length === 1);
    world.clock.advance(20_000);
    await expect(late.ended()).resolves.toMatchObject({ code: ERRORS.unavailable.code });
  });

  it('adds the info that members see and meta for later hooks, also after a refresh', async () => {
    const { calls, ask } = hook(() => true);
    const { world, connect } = await start({
      app: { connect: () => ({ allow: true, info: { name: 'Ada L.' }, meta: { tier: 3 } }), enter: ask },
    });
    const client = await connect('ada', { info: { name: 'from the token' } });
    await client.result({ type: 'refresh', token: await mint(world) });
    await client.result({ type: 'enter', ...chat });
    await expect(client.result({ type: 'members', ...chat })).resolves.toMatchObject({
      members: [{ user: 'ada', info: { name: 'Ada L.' } }],
    });
    expect(calls).toMatchObject([{ hook: 'enter', meta: { tier: 3 }, claims: { info: { name: 'Ada L.' } } }]);
  });
});
