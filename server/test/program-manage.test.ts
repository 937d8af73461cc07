import { expect, it } from 'vitest';
import { startManaged, startTwo } from './support/managed-gateways.ts';
import { tokenFor } from './support/tokens.ts';

it('an embedding program sees and manages what is on all nodes', async () => {
  const { one, two } = await startTwo();
  const { manage } = one.gateway;
  const { client } = await two.connect(await tokenFor('ada'));
  for (const channel of ['chat:a', 'chat:b']) await client.result({ type: 'subscribe', channel });
  expect((await manage.nodes()).nodes.map(({ node }) => node)).toEqual(['one', 'two']);
  const first = await manage.channels({ pattern: 'chat:*', limit: 1 });
  expect(first).toMatchObject({ channels: [{ channel: 'chat:a', subscribers: 1 }], next: expect.any(String) });
  const second = await manage.channels({ pattern: 'chat:*', limit: 1, cursor: first.next ?? '' });
  expect(second.channels).toMatchObject([{ channel: 'chat:b' }]);
  expect(await manage.channel('chat:a')).toMatchObject({ subscribers: 1, rule: 'chat:{room}' });
  expect(await manage.user('ada')).toMatchObject({ online: true, channels: ['chat:a', 'chat:b'] });
  const [connection] = (await manage.connections({ user: 'ada' })).connections;
  expect(connection).toMatchObject({ node: 'two', user: 'ada' });
  expect(await manage.recheck('ada')).toEqual({ connections: 1, ended: 0 });
  expect(await manage.unsubscribe('ada', { pattern: 'chat:a' })).toEqual({ connections: 1, ended: 1 });
  expect(await manage.closeConnection(connection?.id ?? '')).toEqual({ connections: 1 });
  expect((await client.ended()).code).toBe(4212);
  expect(await manage.disconnect('ada')).toEqual({ connections: 0 });
});

it('an embedding program enters members, and sees its configuration', async () => {
  const { gateway } = await startManaged();
  await gateway.manage.enter('chat:a', 'bot', { state: 'here', info: { name: 'Bot' } });
  expect(await gateway.manage.channel('chat:a')).toMatchObject({ members: 1 });
  await gateway.manage.leave('chat:a', 'bot');
  expect(await gateway.manage.channel('chat:a')).toMatchObject({ members: 0 });
  expect(gateway.manage.config()).toMatchObject({ engine: 'memory' });
});

it('an embedding program receives refusals as errors', async () => {
  const { manage } = (await startManaged()).gateway;
  await expect(manage.channels({ cursor: 'x' })).rejects.toMatchObject({ name: 'command_invalid' });
  await expect(manage.channels({ pattern: 'a b' })).rejects.toMatchObject({ name: 'channel_invalid' });
  await expect(manage.channel('unknown')).rejects.toMatchObject({ name: 'channel_unknown' });
  await expect(manage.enter('a b', 'bot')).rejects.toMatchObject({ name: 'channel_invalid' });
  await expect(manage.leave('chat:a', 'bot')).rejects.toMatchObject({ name: 'not_member' });
});
