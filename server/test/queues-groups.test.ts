import type { ErrorName, GroupGapPush } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { start } from './support/queue-world.ts';
import { connectWorker, enqueue } from './support/worker.ts';

describe('groups of a channel with history', () => {
  it('each receive every message', async () => {
    const world = await start();
    const [billing, audit] = [
      await connectWorker(world, { channel: 'orders' }),
      await connectWorker(world, { channel: 'orders' }),
    ];
    await enqueue(world, 'orders', 2);
    expect(await billing.consume({ group: 'billing' })).toMatchObject({ group: 'billing', ackTimeout: 30_000 });
    expect(await audit.consume({ group: 'audit' })).toMatchObject({ group: 'audit', ackTimeout: 60_000 });
    await world.idle();
    expect([billing.data, audit.data]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('per user are cursors that survive the connection', async () => {
    const world = await start();
    const ada = await connectWorker(world, { channel: 'orders', user: 'a|da' });
    const group = 'user-{sub}';
    expect(await ada.consume({ group })).toMatchObject({ group: 'user-a~7Cda' });
    await enqueue(world, 'orders', 1);
    await world.idle();
    const ack = { type: 'ack', channel: 'orders', group, deliveries: [ada.last.id] } as const;
    await ada.client.result(ack);
    ada.peer.socket.cut();
    await enqueue(world, 'orders', 2);
    const again = await connectWorker(world, { channel: 'orders', user: 'a|da' });
    await again.consume({ group: 'user-a~7Cda' });
    await world.idle();
    expect(again.deliveries.map(({ message }) => message.offset)).toEqual([2, 3]);
  });

  it('per user differ for users whose names differ in signs that text replacement knows', async () => {
    const world = await start();
    for (const user of ['a$$b', 'a$b']) {
      const worker = await connectWorker(world, { channel: 'orders', user });
      expect(await worker.consume({ group: 'user-{sub}' })).toMatchObject({ group: `user-${user}` });
    }
  });

  it('that fall behind the retention get a gap', async () => {
    const world = await start();
    const worker = await connectWorker(world, { channel: 'orders' });
    await worker.consume({ group: 'billing', prefetch: 1 });
    await enqueue(world, 'orders', 1);
    await world.idle();
    await enqueue(world, 'orders', 8);
    await worker.client.result({ type: 'ack', channel: 'orders', group: 'billing', deliveries: [worker.last.id] });
    const gap = (await worker.client.push('group_gap')) as GroupGapPush;
    expect(gap).toMatchObject({
      ...{ channel: 'orders', group: 'billing', reason: 'retention' },
      ...{ from: { offset: 1 }, to: { offset: 4 } },
    });
    await world.idle();
    expect(worker.last.message.offset).toBe(5);
  });
});

describe('invalid input of consumers', () => {
  const consume = (channel: string, more: object = {}) => ({ type: 'consume', id: 9, channel, ...more });
  const ack = (deliveries: unknown, more: object = {}) => ({
    type: 'ack',
    id: 9,
    channel: 'jobs:a',
    deliveries,
    ...more,
  });

  it.each<[string, object, ErrorName, RegExp]>([
    ['no permission', consume('jobs:b', {}), 'permission_denied', /"consume" on "jobs:b" is not allowed/],
    ['an unknown channel', consume('nowhere'), 'channel_unknown', /nowhere/],
    ['a channel that is no queue', consume('chat:a'), 'group_unknown', /"chat:a" is not a queue/],
    ['several groups, and none named', consume('orders'), 'group_unknown', /name one of "billing", "audit"/],
    ['an unknown group', consume('orders', { group: 'x' }), 'group_unknown', /its groups are "billing"/],
    ['the group of another user', consume('orders', { group: 'user-ben' }), 'permission_denied', /another user/],
    [
      'a prefetch of 0',
      consume('chat:a', { prefetch: 0 }),
      'command_invalid',
      /"prefetch" must be an integer from 1 to 1000/,
    ],
    ['a prefetch of 10⁹', consume('chat:a', { prefetch: 1e9 }), 'command_invalid', /"prefetch"/],
    ['a group that is a number', consume('chat:a', { group: 1 }), 'command_invalid', /"group" must be a string/],
    ['no deliveries', ack(undefined), 'command_invalid', /"deliveries" must be an array of 1 to 1000 ids/],
    ['an empty list', ack([]), 'command_invalid', /"deliveries"/],
    ['too many deliveries', ack(new Array(1001).fill('x')), 'command_invalid', /"deliveries"/],
    ['an id that is a number', ack(['x', 7]), 'command_invalid', /"deliveries\[1\]"/],
    ['an id that is too long', ack(['x'.repeat(201)]), 'command_invalid', /"deliveries\[0\]"/],
    ['a nack with a negative delay', { ...ack(['x']), type: 'nack', delay: -1 }, 'command_invalid', /"delay"/],
    [
      'a nack with a delay, and dead',
      { ...ack(['x']), type: 'nack', delay: 1, dead: true },
      'command_invalid',
      /only one of/,
    ],
    [
      'a nack with a reason that is too long',
      { ...ack(['x']), type: 'nack', reason: 'x'.repeat(257) },
      'command_invalid',
      /"reason"/,
    ],
    [
      'a stop without a consumer',
      { type: 'stop', id: 9, channel: 'orders', group: 'audit' },
      'not_consuming',
      /"audit"/,
    ],
    ['a stop on a channel without groups', { type: 'stop', id: 9, channel: 'chat:a' }, 'not_consuming', /"chat:a"/],
  ])('%s', async (_, command, error, detail) => {
    const world = await start();
    const { client } = await connectWorker(world, { user: 'ada', claims: { role: 'guest' } });
    client.sendValue(command);
    const answer = await client.wait((message) => 'id' in message && message.id === 9);
    expect(answer).toMatchObject({ type: 'error', error: { name: error, message: expect.stringMatching(detail) } });
  });

  it.each<[string, (id: string) => string]>([
    ['foreign', (id) => id.replace(/^1\.[^.]+/, '1.guess')],
    ['of another epoch', (id) => `${id}0`],
    ['made up', () => 'x'],
  ])('an acknowledgement that is %s is refused', async (_, forge) => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    const forged = { ...worker.last, id: forge(worker.last.id) };
    await expect(worker.ack(forged)).rejects.toThrow(
      /delivery_expired: none of the deliveries of "jobs:a" is in flight/,
    );
    expect(await worker.ack(worker.last, forged)).toEqual({ expired: [forged.id] });
    await expect(worker.ack(worker.last)).rejects.toThrow(/delivery_expired/);
  });

  it('a second consumer of the same group is refused', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await expect(worker.consume()).rejects.toThrow(
      /already_consuming: already consuming "jobs:a" as the group "queue"/,
    );
  });
});
