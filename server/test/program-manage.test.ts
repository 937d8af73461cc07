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

it('an embedding program reads messages, members and their counts', async () => {
  const { gateway } = await startManaged();
  const { manage } = gateway;
  for (const [n, event] of ['a', 'b', 'a'].entries()) await gateway.publish('chat:a', n, { event });
  expect(await manage.history('chat:a', { limit: 2 })).toMatchObject({ head: 3, messages: [{ data: 1 }, { data: 2 }] });
  expect(await manage.history('chat:a', { after: 0, filter: { event: 'a' } })).toMatchObject({
    messages: [{ data: 0 }, { data: 2 }],
    covers: { from: 1, to: 3 },
  });
  for (const user of ['ada', 'bob']) await manage.enter('chat:a', user);
  const first = await manage.members('chat:a', { limit: 1 });
  expect(first).toMatchObject({ total: 2, members: [{ user: 'ada' }] });
  expect(await manage.members('chat:a', { after: first.next ?? 0 })).toMatchObject({ members: [{ user: 'bob' }] });
  expect(await manage.memberCounts(['chat:a', 'chat:b'])).toEqual({ 'chat:a': 2, 'chat:b': 0 });
  await expect(manage.history('unknown')).rejects.toMatchObject({ name: 'channel_unknown' });
  await expect(manage.members('unknown')).rejects.toMatchObject({ name: 'channel_unknown' });
});

it('an embedding program administers consumer groups', async () => {
  const { gateway } = await startManaged({ channels: { 'jobs:{kind}': { queue: { maxDeliveries: 1 } } } });
  const { groups } = gateway.manage;
  for (const n of [1, 2, 3]) await gateway.publish('jobs:a', n);
  const failed = new Promise<void>((resolve) => {
    let count = 0;
    const fail = () => {
      if (++count === 3) resolve();
      throw new Error('no');
    };
    gateway.consume('jobs:a', fail);
  });
  await failed;
  await expect.poll(async () => (await groups.numbers('jobs:a')).dead).toBe(3);
  expect((await groups.list()).groups).toMatchObject([{ channel: 'jobs:a', group: 'queue', dead: 3 }]);
  const page = await groups.deadLetters('jobs:a', { limit: 2 });
  expect(page).toMatchObject({ total: 3, letters: [{ error: 'no', message: { data: 1 } }, { message: { data: 2 } }] });
  const rest = await groups.deadLetters('jobs:a', { after: page.next ?? 0 });
  const [last] = rest.letters.map(({ ordinal }) => ordinal);
  expect(await groups.discard('jobs:a', { ordinals: [last ?? 0] })).toBe(1);
  expect(await groups.redrive('jobs:a')).toBe(2);
  await expect.poll(async () => (await groups.numbers('jobs:a')).dead).toBe(2);
  expect(await groups.seek('jobs:a', { offset: 3 })).toMatchObject({ offset: 3 });
  await expect(groups.numbers('jobs:a', { group: 'other' })).rejects.toMatchObject({ name: 'group_unknown' });
});

it('an embedding program manages recurring schedules', async () => {
  const { gateway } = await startManaged({ schedules: {} });
  const { schedules } = gateway.manage;
  const daily = { channel: 'chat:a', cron: '0 9 * * *', data: 'Stand-up' };
  expect(await schedules.put('daily', daily)).toMatchObject({ name: 'daily', source: 'api', timeZone: 'UTC' });
  expect((await schedules.list()).schedules).toMatchObject([{ name: 'daily', ...daily }]);
  await schedules.delete('daily');
  expect((await schedules.list()).schedules).toEqual([]);
  await expect(schedules.delete('daily')).rejects.toMatchObject({ name: 'not_scheduled' });
});

it('an embedding program receives refusals as errors', async () => {
  const { manage } = (await startManaged()).gateway;
  await expect(manage.channels({ cursor: 'x' })).rejects.toMatchObject({ name: 'command_invalid' });
  await expect(manage.channels({ pattern: 'a b' })).rejects.toMatchObject({ name: 'channel_invalid' });
  await expect(manage.channel('unknown')).rejects.toMatchObject({ name: 'channel_unknown' });
  await expect(manage.enter('a b', 'bot')).rejects.toMatchObject({ name: 'channel_invalid' });
  await expect(manage.enter('chat:a', '')).rejects.toMatchObject({ name: 'command_invalid' });
  await expect(manage.enter('chat:a', 'bot', { info: Number.NaN })).rejects.toMatchObject({ name: 'payload_invalid' });
  await expect(manage.leave('chat:a', 'bot')).rejects.toMatchObject({ name: 'not_member' });
});
