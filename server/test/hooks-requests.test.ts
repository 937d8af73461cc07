import { describe, expect, it } from 'vitest';
import type { Identity } from '../src/auth/identity.ts';
import { ReplyQueue } from '../src/requests/reply-queue.ts';
import { CHANNELS, chat, hook, Pending, start } from './support/hook-world.ts';
import { createWorld } from './support/world.ts';

describe('the hooks "enter" and "request"', () => {
  it('may deny to enter, and may set what members see', async () => {
    const { ask } = hook(({ channel, state }) =>
      channel === 'chat:full'
        ? { allow: false, message: 'The room is full.' }
        : { allow: true, info: { state: state ?? null } },
    );
    const { connect } = await start({ app: { enter: ask } });
    const client = await connect();
    await expect(client.request({ type: 'enter', channel: 'chat:full' })).resolves.toMatchObject({
      error: { message: 'The room is full.' },
    });
    await client.result({ type: 'enter', ...chat, state: 'typing' });
    await expect(client.result({ type: 'members', ...chat })).resolves.toMatchObject({
      members: [{ info: { state: 'typing' }, state: 'typing' }],
    });
  });

  it('may deny a request, and may replace its payload', async () => {
    const { ask } = hook(({ data }) => (data === 'no' ? false : { allow: true, data: { asked: data ?? null } }));
    const { world, connect } = await start({ app: { request: ask } });
    world.gateway.respond('chat:lobby', ({ data }) => ({ got: data }));
    const client = await connect();
    await expect(client.request({ type: 'request', ...chat, data: 'no' })).resolves.toMatchObject({
      error: { name: 'permission_denied' },
    });
    await expect(client.result({ type: 'request', ...chat, data: 'yes' })).resolves.toMatchObject({
      data: { got: { asked: 'yes' } },
    });
  });
});

describe('a request over HTTP whose hook has not answered', () => {
  const ada: Identity = { user: 'ada', claims: {}, capabilities: [] };

  it('counts as unanswered, unless the hook denies it', async () => {
    const pending = new Pending();
    const world = await createWorld({
      channels: CHANNELS,
      hooks: { app: { request: pending.ask } },
      limits: { requests: 2 },
    });
    const send = (data: string) => world.services.backendRequests.send({ ...chat, data }, ada);
    const [one, two] = [send('one'), send('two')];
    await world.idle();
    expect(pending.names).toEqual(['one', 'two']);
    expect(await send('three')).toMatchObject({ error: 'too_many_requests' });
    for (const name of ['one', 'two']) pending.answer(name, false);
    expect(await Promise.all([one, two])).toMatchObject([
      { error: 'permission_denied' },
      { error: 'permission_denied' },
    ]);
    const again = send('four');
    await world.idle();
    pending.answer('four');
    expect(await again).toBeInstanceOf(ReplyQueue);
  });
});
