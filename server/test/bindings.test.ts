import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { type Engine, EngineUnavailable } from '../src/engine/engine.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { EventReader } from './support/event-reader.ts';
import { HeldCalls } from './support/held-calls.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const OPEN = { '*': 'users' } as const;
const CHANNELS: ConfigInput['channels'] = {
  'orders:{region}:{kind}': { allow: OPEN, history: true },
  'orders:all': { allow: OPEN, history: true, bind: ['orders:**'] },
  alerts: { allow: OPEN, history: true, from: false, bind: [{ channel: 'orders:*:*', where: { event: 'failed' } }] },
  audit: { allow: { subscribe: 'role:auditor' }, history: true, bind: ['orders:*:created'] },
};

const start = (engine?: () => Engine) => createWorld({ channels: CHANNELS }, engine === undefined ? {} : { engine });

async function join(world: World, claims: Record<string, unknown> = {}) {
  const token = await tokenFor('ada', { claims, clock: () => world.clock.now() });
  return world.connect(token);
}

const read = async (world: World, channel: string) => {
  const { messages } = await world.assembly.engine.log.read(channel, 0, 100);
  return messages.map(({ message }) => message);
};

const places = async (world: World, channel: string) =>
  (await read(world, channel)).map(({ offset, origin }) => `${offset} ${origin?.channel} ${origin?.offset}`);

describe('a message of a bound channel', () => {
  it('is appended there, too, with its origin and an offset of its own', async () => {
    const world = await start();
    const { client } = await join(world);
    await client.result({ type: 'publish', channel: 'orders:eu:created', data: 1, event: 'failed', tags: { a: 'b' } });
    await client.result({ type: 'publish', channel: 'orders:us:closed', data: 2 });
    await client.result({ type: 'publish', channel: 'orders:us:closed', data: 3, event: 'failed' });
    expect(await places(world, 'orders:all')).toEqual([
      '1 orders:eu:created 1',
      '2 orders:us:closed 1',
      '3 orders:us:closed 2',
    ]);
    expect(await places(world, 'alerts')).toEqual(['1 orders:eu:created 1', '2 orders:us:closed 2']);
    const [copy] = await read(world, 'orders:all');
    const [source] = await read(world, 'orders:eu:created');
    expect(copy).toEqual({ ...source, id: copy?.id, origin: { channel: 'orders:eu:created', offset: 1 } });
    expect(copy?.id).not.toBe(source?.id);
    expect((await read(world, 'alerts'))[0]).not.toHaveProperty('from');
  });

  it('is not copied again, and a publish to the bound channel has no origin', async () => {
    const world = await start();
    await world.gateway.publish('orders:all', 1);
    expect(await places(world, 'orders:all')).toEqual(['1 undefined undefined']);
    expect(await places(world, 'alerts')).toEqual([]);
  });

  it.each(['sluice.v1.json', 'sluice.v1.msgpack'])(
    'reaches its subscribers with the origin on %s',
    async (protocol) => {
      const world = await start();
      const token = await tokenFor('ada', { clock: () => world.clock.now() });
      const { client } = await world.connect(token, { protocols: [protocol] });
      await client.result({ type: 'subscribe', channel: 'orders:all' });
      await world.gateway.publish('orders:eu:created', 1);
      const [message] = await client.messages('orders:all', 1);
      expect(message).toMatchObject({ offset: 1, origin: { channel: 'orders:eu:created', offset: 1 } });
    },
  );

  it('is appended once if its publish is repeated with the key', async () => {
    const world = await start();
    const draft = { type: 'publish', channel: 'orders:eu:created', data: 1, key: 'k' } as const;
    const { client } = await join(world);
    for (let n = 0; n < 2; n++) await client.result(draft);
    expect(await places(world, 'orders:all')).toEqual(['1 orders:eu:created 1']);
  });
});

describe('a queue that binds a channel', () => {
  it('gets the message when it has room, if the publish is repeated with its key', async () => {
    const world = await createWorld({
      channels: {
        jobs: { allow: { ...OPEN, consume: 'users' }, bind: ['orders:*:created'], queue: { maxLength: 1 } },
        ...CHANNELS,
      },
    });
    const { client } = await join(world);
    const publish = (key: string) => ({ type: 'publish', channel: 'orders:eu:created', data: key, key }) as const;
    await client.result(publish('a'));
    for (let n = 0; n < 2; n++) {
      expect(await client.request(publish('b'))).toMatchObject({ error: { name: 'queue_full' } });
    }
    await client.result({ type: 'consume', channel: 'jobs' });
    const { deliveries } = await client.push('deliveries');
    await client.result({ type: 'ack', channel: 'jobs', deliveries: deliveries.map(({ id }) => id) });
    await client.result(publish('b'));
    await client.result(publish('b'));
    expect(await places(world, 'jobs')).toEqual(['2 orders:eu:created 2']);
    for (const channel of ['orders:all', 'audit']) {
      expect(await places(world, channel)).toEqual(['1 orders:eu:created 1', '2 orders:eu:created 2']);
    }
  });
});

it('a scheduled message is copied once, however long another queue is full', async () => {
  const queue = (options: object) => ({ allow: OPEN, bind: ['reminders:*'], queue: options });
  const world = await createWorld({
    channels: {
      'reminders:{id}': { allow: OPEN, history: true, schedule: {} },
      pay: { ...queue({}), dedupe: '2s' },
      full: queue({ maxLength: 1 }),
    },
  });
  const { client } = await join(world);
  await world.gateway.publish('reminders:a', 'fills the queue');
  await client.result({ type: 'schedule', channel: 'reminders:a', data: 'pay 100', delay: 1_000 });
  for (const [every, times] of [
    [1_000, 20],
    [120_000, 80],
  ] as const) {
    for (let attempt = 0; attempt < times; attempt++) {
      world.clock.advance(every);
      await world.idle();
    }
  }
  expect(await places(world, 'pay')).toEqual(['1 reminders:a 1', '2 reminders:a 2']);
  expect(await read(world, 'reminders:a')).toHaveLength(2);
});

/** The log of an engine that does not append copies in the same step, such as Redis. */
const oneByOne = (world: World) => Object.assign(world.assembly.engine.log, { copies: false });

describe('with an engine that answers later', () => {
  it('a publish is acknowledged when all bound channels have the message', async () => {
    const world = await start();
    const { client } = await join(world);
    const held = new HeldCalls().hold(oneByOne(world), 'append');
    const answer = client.request({ type: 'publish', channel: 'orders:eu:created', data: 1 });
    await world.idle();
    held.take().pass();
    await world.idle();
    expect(held.waiting.map(({ args }) => args[0])).toEqual(['orders:all', 'audit']);
    held.take().pass();
    await world.idle();
    expect(client.received.at(-1)).toMatchObject({ result: { connection: expect.any(String) } });
    held.take().pass();
    expect(await answer).toMatchObject({ result: { offset: 1 } });
  });

  it('a repeated publish appends only the copies that are missing', async () => {
    const world = await start();
    const { client } = await join(world);
    const held = new HeldCalls().hold(oneByOne(world), 'append');
    const publish = { type: 'publish', channel: 'orders:eu:created', data: 1, key: 'k' } as const;
    const first = client.request(publish);
    await world.idle();
    held.take().pass();
    await world.idle();
    held.take().pass();
    held.take().refuse(new EngineUnavailable('it is away'));
    expect(await first).toMatchObject({ error: { name: 'unavailable' } });
    expect([await places(world, 'orders:all'), await places(world, 'audit')]).toEqual([['1 orders:eu:created 1'], []]);
    const again = client.request(publish);
    for (let appends = 0; appends < 3; appends++) {
      await world.until(() => held.waiting.length > 0);
      held.take().pass();
    }
    expect(await again).toMatchObject({ result: { offset: 1 } });
    expect(await places(world, 'orders:eu:created')).toEqual(['1 undefined undefined']);
    expect(await places(world, 'orders:all')).toEqual(['1 orders:eu:created 1']);
    expect(await places(world, 'audit')).toEqual(['1 orders:eu:created 1']);
  });
});

describe('a subscription to a pattern', () => {
  const subscribe = (channel: string, rest: object = {}) => ({ type: 'subscribe', channel, ...rest }) as const;

  it('receives the messages of all its channels, under the name of the pattern', async () => {
    const world = await start();
    const { client } = await join(world);
    await client.result(subscribe('orders:*:created'));
    await client.result(subscribe('orders:eu:*', { sub: 2, filter: { event: 'failed' } }));
    for (const channel of ['orders:eu:closed', 'orders:us:created', 'orders:eu:created']) {
      await world.gateway.publish(channel, channel, { event: channel === 'orders:eu:created' ? 'failed' : 'other' });
    }
    await world.idle();
    const pushes = client.received.flatMap((push) =>
      push.type === 'messages' ? [[push.channel, push.sub, push.after, push.messages.map(({ data }) => data)]] : [],
    );
    expect(pushes).toEqual([
      ['orders:*:created', undefined, 0, ['orders:us:created', 'orders:eu:created']],
      ['orders:eu:*', 2, 0, ['orders:eu:created']],
    ]);
    await world.gateway.publish('orders:us:closed', 1);
    await world.idle();
    world.clock.advance(1_000);
    await world.idle();
    const progress = client.received.filter(({ type }) => type === 'progress');
    expect(progress).toMatchObject([
      { channel: 'orders:*:created', offset: 4 },
      { channel: 'orders:eu:*', sub: 2, offset: 4 },
    ]);
  });

  it('resumes at a position, and ends like any other', async () => {
    const world = await start();
    const first = await join(world);
    const position = await first.client.result<{ epoch: string; offset: number }>(subscribe('orders:*:created'));
    await world.gateway.publish('orders:eu:created', 1);
    await world.gateway.publish('orders:eu:closed', 2);
    const { client } = await join(world);
    await client.result(subscribe('orders:*:created', { position }));
    await world.idle();
    expect(client.received.slice(1)).toMatchObject([
      { type: 'reply', result: { ...position, state: 'replaying' } },
      { type: 'messages', channel: 'orders:*:created', after: 0, messages: [{ data: 1 }] },
      { type: 'progress', channel: 'orders:*:created', after: 1, offset: 2 },
      { type: 'live', channel: 'orders:*:created' },
    ]);
    expect(await client.request(subscribe('orders:*:created'))).toMatchObject({
      error: { name: 'already_subscribed' },
    });
    await client.result({ type: 'unsubscribe', channel: 'orders:*:created' });
    await first.client.result({ type: 'unsubscribe', channel: 'orders:*:created' });
    expect(world.services.hub.size).toBe(0);
  });

  it('uses the most specific channel that the identity may subscribe to', async () => {
    const world = await start();
    const auditor = await join(world, { role: 'auditor' });
    await auditor.client.result(subscribe('orders:*:created'));
    await (await join(world)).client.result(subscribe('orders:*:created'));
    await world.gateway.publish('orders:us:closed', 1);
    await world.gateway.publish('orders:us:created', 2);
    const [message] = await auditor.client.messages('orders:*:created', 1);
    expect(message).toMatchObject({ offset: 1, origin: { channel: 'orders:us:created' } });
  });

  it('ends when the channel that has its messages is no longer allowed', async () => {
    const world = await start();
    const { client } = await join(world, { role: 'auditor' });
    await client.result(subscribe('orders:*:created'));
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    await client.result({ type: 'refresh', token });
    await world.idle();
    const ended = client.received.filter(({ type }) => type === 'unsubscribed');
    expect(ended).toEqual([{ type: 'unsubscribed', channel: 'orders:*:created', reason: 'permission' }]);
  });

  it.each([false, true])('begins under a grant that answers later, and ends with its connection (%s)', async (cut) => {
    const asked = { subscribe: async () => true };
    const channels: ConfigInput['channels'] = {
      'a:{x}': { allow: OPEN, history: true },
      wide: { allow: asked, history: true, bind: ['a:**'] },
      narrow: { allow: { subscribe: 'role:nobody' }, history: true, bind: ['a:*'] },
    };
    const world = await createWorld({ channels });
    const { client, socket } = await join(world);
    const held = new HeldCalls().hold(world.assembly.engine.log, 'read');
    const answer = client.request(subscribe('a:*')).catch(() => null);
    await world.until(() => held.waiting.length > 0);
    if (cut) socket.cut();
    held.release();
    await world.idle();
    if (cut) expect([await answer, world.services.hub.size]).toEqual([null, 0]);
    else expect(await answer).toMatchObject({ result: { state: 'live' } });
  });

  it('is refused if nothing binds it', async () => {
    const { client } = await join(await start());
    const message =
      'no channel has all messages of "other:*" for user "ada". Add bind: ["other:*"] to the rule of a channel that allows "subscribe"';
    expect(await client.request(subscribe('other:*'))).toMatchObject({ error: { name: 'binding_missing', message } });
  });

  it('is refused for the permission if something binds it', async () => {
    const channels = {
      'orders:{id}': { allow: { publish: 'users' } },
      all: { allow: { subscribe: 'role:admin' }, bind: ['orders:*'] },
    } as const;
    const { client } = await join(await createWorld({ channels }));
    const message =
      '"subscribe" on "all" is not allowed to user "ada": the rule "all" allows it to role:admin. It has the messages of "orders:*"';
    expect(await client.request(subscribe('orders:*'))).toMatchObject({
      error: { name: 'permission_denied', message },
    });
  });

  it('is refused in words that can be read if * is a part of a segment', async () => {
    const { client } = await join(await start());
    const message = '"orders:e*:created": "e*" mixes * with other characters. * stands for one whole segment';
    expect(await client.request(subscribe('orders:e*:created'))).toMatchObject({ error: { message } });
  });

  it.each(['orders:**:a', 'orders:{x}:*', ':*', '*x'])('is refused if it is %s', async (channel) => {
    const { client } = await join(await start());
    expect(await client.request(subscribe(channel))).toMatchObject({ error: { name: 'channel_invalid' } });
  });

  it('works in event streams, which resume', async () => {
    const world = await start();
    const headers = { authorization: `Bearer ${await tokenFor('ada', { clock: () => world.clock.now() })}` };
    const query = `channel=${encodeURIComponent('orders:*:created')}`;
    const open = async (more: object = {}) => {
      const stream = await world.transport.stream({ path: '/sse', query, headers: { ...headers, ...more } });
      const reader = new EventReader();
      const messages = async () => {
        await world.idle();
        return reader.read(stream.take()).filter(({ event }) => event === 'message');
      };
      return { reader, messages };
    };
    const first = await open();
    await world.gateway.publish('orders:eu:created', 1);
    expect((await first.messages()).map(({ data }) => [data.channel, data.data])).toEqual([['orders:*:created', 1]]);
    await world.gateway.publish('orders:eu:created', 2);
    await world.gateway.publish('orders:eu:created', 3);
    await world.idle();
    const second = await open({ 'last-event-id': first.reader.lastEventId });
    const again = await second.messages();
    expect(again.map(({ data }) => data.data)).toEqual([2, 3]);
  });
});

it('a gateway without bindings resolves none', async () => {
  const world = await createWorld({}, { engine: (clock) => new MemoryEngine({ clock }) });
  expect(world.services.rules.match('chat:a')?.bound).toEqual([]);
});
