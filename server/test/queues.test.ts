import type { ErrorName, GroupGapPush } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { tokenFor } from './support/tokens.ts';
import { connectWorker, enqueue, Worker } from './support/worker.ts';
import { createWorld } from './support/world.ts';

const WORKERS = { publish: 'users', consume: 'role:worker' } as const;
const CHANNELS: ConfigInput['channels'] = {
  'jobs:{kind}': { allow: WORKERS, queue: { backoff: ['1s', '10s'], maxDeliveries: 3 } },
  'slow:{kind}': { allow: WORKERS, queue: { ackTimeout: '1h', backoff: [] } },
  'small:{kind}': { allow: WORKERS, queue: { maxLength: 2 } },
  'mail:{kind}': { allow: WORKERS, queue: { deadLetter: 'dead:{kind}', backoff: [], maxDeliveries: 2 } },
  'spill:{kind}': { allow: WORKERS, queue: { maxLength: 1, overflow: 'dead-letter', deadLetter: 'dead:{kind}' } },
  'wide:{kind}': { allow: WORKERS, queue: { deadLetter: 'narrow:{kind}' } },
  'narrow:{kind}': { maxPayload: 10, history: true },
  'dead:{kind}': { allow: { subscribe: 'users', history: 'users' }, history: true },
  'strict:{kind}': { allow: WORKERS, queue: { orderBy: 'all' } },
  'tagged:{kind}': { allow: WORKERS, queue: { orderBy: 'tag:customer' } },
  orders: {
    allow: { ...WORKERS, consume: 'users' },
    history: { count: 5 },
    groups: { billing: {}, audit: { ackTimeout: '1m' }, 'user-{sub}': { start: 'newest' } },
  },
  'chat:{room}': { allow: { '*': 'users', consume: 'users' }, history: true },
};

const start = (config: ConfigInput = {}) => createWorld({ channels: CHANNELS, ...config });

describe.each(['sluice.v1.json', 'sluice.v1.msgpack'])('a queue over %s', (subprotocol) => {
  it('delivers a message to one consumer, until it is acknowledged', async () => {
    const world = await start();
    const [one, two] = [await connectWorker(world, { subprotocol }), await connectWorker(world, { subprotocol })];
    expect(await one.consume()).toEqual({ group: 'queue', prefetch: 32, ackTimeout: 30_000 });
    await two.consume();
    const { epoch, offset, id } = await world.gateway.publish('jobs:a', { file: 'cat.jpg' }, { tags: { size: 'ü' } });
    await world.idle();
    const all = [...one.deliveries, ...two.deliveries];
    expect(all).toEqual([
      {
        id: expect.any(String),
        attempt: 1,
        deadline: world.clock.now() + 30_000,
        message: { id, offset, time: world.clock.now(), data: { file: 'cat.jpg' }, tags: { size: 'ü' } },
      },
    ]);
    const worker = one.deliveries.length === 1 ? one : two;
    expect(await worker.client.push('deliveries')).toMatchObject({ channel: 'jobs:a', group: 'queue', epoch });
    expect(await worker.ack(worker.last)).toEqual({});
    world.clock.advance(60_000);
    await world.idle();
    expect(one.deliveries.length + two.deliveries.length).toBe(1);
  });
});

describe('a queue', () => {
  it('keeps messages until there is a consumer', async () => {
    const world = await start();
    await enqueue(world, 'jobs:a', 3);
    const worker = await connectWorker(world);
    await worker.consume();
    await world.idle();
    expect(worker.data).toEqual([1, 2, 3]);
  });

  it('gives each consumer at most its prefetch, and shares the messages out', async () => {
    const world = await start();
    const [one, two] = [await connectWorker(world), await connectWorker(world)];
    expect(await one.consume({ prefetch: 2 })).toMatchObject({ prefetch: 2 });
    expect(await two.consume({ prefetch: 1000 })).toMatchObject({ prefetch: 32 });
    await enqueue(world, 'jobs:a', 40);
    await world.idle();
    expect([one.deliveries.length, two.deliveries.length]).toEqual([2, 32]);
    await one.ack(...one.deliveries);
    await world.idle();
    expect([one.deliveries.length, two.deliveries.length]).toEqual([4, 32]);
  });

  it('delivers again what was not acknowledged in time, and refuses the late acknowledgement', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    const first = worker.last;
    world.clock.advance(30_000);
    await world.idle();
    expect(await worker.client.request({ type: 'ack', channel: 'jobs:a', deliveries: [first.id] })).toMatchObject({
      error: { name: 'delivery_expired', retryable: false },
    });
    world.clock.advance(1_200); // the backoff
    await world.idle();
    expect(worker.deliveries.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(await worker.ack(worker.last, first)).toEqual({ expired: [first.id] });
  });

  it('does not deliver again what is extended', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    for (let n = 0; n < 4; n++) {
      world.clock.advance(20_000);
      const extended = await worker.client.result({ type: 'extend', channel: 'jobs:a', deliveries: [worker.last.id] });
      expect(extended).toEqual({ deadline: world.clock.now() + 30_000 });
    }
    await worker.ack(worker.last);
    expect(worker.deliveries).toHaveLength(1);
  });

  it('delivers a nack again after its delay', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    await worker.nack(worker.last, { delay: 500 });
    world.clock.advance(499);
    await world.idle();
    expect(worker.deliveries).toHaveLength(1);
    world.clock.advance(1);
    await world.idle();
    expect(worker.deliveries).toHaveLength(2);
  });

  it('stops delivering a poison message', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await enqueue(world, 'jobs:a', 2);
    for (let n = 0; n < 3; n++) {
      await world.idle();
      const poison = worker.deliveries.filter(({ message }) => message.offset === 1).at(-1);
      if (poison !== undefined) await worker.nack(poison, { reason: 'no such file' });
      world.clock.advance(12_000);
    }
    await world.idle();
    const attempts = worker.deliveries.filter(({ message }) => message.offset === 1).map(({ attempt }) => attempt);
    expect(attempts).toEqual([1, 2, 3]);
    const dead = await world.services.groups?.store.dead({ channel: 'jobs:a', group: 'queue' }, 0, 10);
    expect(dead?.letters).toMatchObject([{ reason: 'max_deliveries', deliveries: 3, error: 'no such file' }]);
  });

  it('publishes dead letters to the channel of its rule, with the reason', async () => {
    const world = await start();
    const worker = await connectWorker(world, { channel: 'mail:welcome' });
    await worker.consume();
    await world.gateway.publish('mail:welcome', 'hello', { event: 'sent', tags: { to: 'ada' } });
    await world.idle();
    await worker.nack(worker.last, { dead: true, reason: 'no such address' });
    await world.idle();
    const { messages } = await world.services.log.read('dead:welcome', 0, 10);
    expect(messages.map(({ message }) => message)).toMatchObject([
      {
        data: 'hello',
        event: 'sent',
        tags: {
          to: 'ada',
          'x-reason': 'rejected',
          'x-channel': 'mail:welcome',
          'x-group': 'queue',
          'x-offset': '1',
          'x-deliveries': '1',
          'x-error': 'no such address',
        },
      },
    ]);
    const ref = { channel: 'mail:welcome', group: 'queue' };
    expect(await world.services.groups?.store.dead(ref, 0, 10)).toMatchObject({ total: 0 });
  });

  it('keeps the trace context of a message that dies', async () => {
    const world = await start();
    const worker = await connectWorker(world, { channel: 'mail:welcome' });
    await worker.consume();
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await worker.client.result({ type: 'publish', channel: 'mail:welcome', data: 'hello', trace });
    await world.idle();
    await worker.nack(worker.last, { dead: true });
    await world.idle();
    const { messages } = await world.services.log.read('dead:welcome', 0, 10);
    expect(messages.map(({ message }) => message)).toMatchObject([{ data: 'hello', trace }]);
  });

  it('publishes what overflows when a message is copied to it from a bound channel', async () => {
    const spill = { maxLength: 1, overflow: 'dead-letter' as const, deadLetter: 'dead:copies' };
    const world = await start({
      channels: { ...CHANNELS, source: { allow: WORKERS }, copies: { bind: ['source'], queue: spill } },
    });
    await enqueue(world, 'source', 3);
    world.clock.advance(1_000);
    await world.idle();
    const { messages } = await world.services.log.read('dead:copies', 0, 10);
    expect(messages.map(({ message }) => message.data)).toEqual([1, 2]);
  });

  it('publishes what overflows although another queue that binds the channel is full', async () => {
    const spill = { maxLength: 1, overflow: 'dead-letter' as const, deadLetter: 'dead:copies' };
    const bind = ['source'];
    const world = await start({
      channels: {
        ...CHANNELS,
        source: { allow: WORKERS },
        full: { bind, queue: { maxLength: 1 } },
        copies: { bind, queue: spill },
      },
    });
    await world.gateway.publish('source', 1);
    world.clock.advance(1_000);
    await world.idle();
    await expect(world.gateway.publish('source', 2)).rejects.toThrow('not acknowledged');
    world.clock.advance(1_000);
    await world.idle();
    const { messages } = await world.services.log.read('dead:copies', 0, 10);
    expect(messages.map(({ message }) => message.data)).toEqual([1]);
  });

  it('keeps a dead letter that its channel refuses for good, and publishes later ones', async () => {
    const world = await start();
    const worker = await connectWorker(world, { channel: 'wide:a' });
    const ref = { channel: 'wide:a', group: 'queue' };
    const refused: object[] = [];
    world.services.events.on('deadLetterRefused', (event) => refused.push(event));
    await worker.consume();
    for (const data of ['more than ten bytes', 'short', 'as long as the first', 'tiny']) {
      await world.gateway.publish('wide:a', data);
      await world.idle();
      await worker.nack(worker.last, { dead: true });
      await world.idle();
    }
    world.clock.advance(1_000);
    await world.idle();
    const { messages } = await world.services.log.read('narrow:a', 0, 10);
    expect(messages.map(({ message }) => message.data)).toEqual(['short', 'tiny']);
    const failure = { ...ref, target: 'narrow:{kind}', error: 'payload_too_large', detail: expect.any(String) };
    expect(refused).toEqual([
      { ...failure, offset: 1 },
      { ...failure, offset: 3 },
    ]);
    const left = await world.services.groups?.store.dead(ref, 0, 10);
    expect(left?.letters.map(({ ordinal }) => ordinal)).toEqual([1, 3]);
    expect(world.services.groups?.refusalOf(ref, 3)).toMatchObject({ error: 'payload_too_large' });
    expect(world.services.groups?.refusalOf(ref, 2)).toBeUndefined();
  });

  it('tries refused dead letters again after ten minutes, and no more often', async () => {
    const world = await start();
    const worker = await connectWorker(world, { channel: 'wide:a' });
    const refused: object[] = [];
    world.services.events.on('deadLetterRefused', (event) => refused.push(event));
    await worker.consume();
    await world.gateway.publish('wide:a', 'more than ten bytes');
    await world.idle();
    await worker.nack(worker.last, { dead: true });
    await world.idle();
    for (let minutes = 0; minutes < 9; minutes++) {
      world.clock.advance(60_000);
      await world.idle();
    }
    expect(refused).toHaveLength(1);
    world.clock.advance(61_000);
    await world.idle();
    world.clock.advance(1_000);
    await world.idle();
    expect(refused).toHaveLength(2);
  });

  it('publishes refused dead letters when the rules accept them', async () => {
    const world = await start();
    const worker = await connectWorker(world, { channel: 'wide:a' });
    await worker.consume();
    await world.gateway.publish('wide:a', 'more than ten bytes');
    await world.idle();
    await worker.nack(worker.last, { dead: true });
    await world.idle();
    const wider = { ...CHANNELS, 'narrow:{kind}': { maxPayload: 1_000, history: true } };
    const { assembly } = await start({ channels: wider });
    await world.gateway.reload({ ...world.assembly.config, channels: assembly.config.channels });
    world.clock.advance(1_000);
    await world.idle();
    const { messages } = await world.services.log.read('narrow:a', 0, 10);
    expect(messages.map(({ message }) => message.data)).toEqual(['more than ten bytes']);
    const ref = { channel: 'wide:a', group: 'queue' };
    expect(await world.services.groups?.store.dead(ref, 0, 10)).toMatchObject({ total: 0 });
  });

  it.each(['2s', '5m'])(
    'publishes a dead letter once, although a queue that binds its channel is full (%s)',
    async (dedupe) => {
      const world = await start({
        channels: {
          ...CHANNELS,
          'dead:{kind}': { history: true, dedupe },
          full: { bind: ['dead:*'], queue: { maxLength: 1 } },
        },
      });
      const worker = await connectWorker(world, { channel: 'mail:welcome' });
      await worker.consume();
      await world.gateway.publish('dead:other', 'fills the queue');
      await world.gateway.publish('mail:welcome', 'hello');
      await world.idle();
      await worker.nack(worker.last, { dead: true });
      for (let attempt = 0; attempt < 60; attempt++) {
        await world.idle();
        world.clock.advance(10_000);
      }
      const { messages } = await world.services.log.read('dead:welcome', 0, 10);
      expect(messages.map(({ message }) => message.data)).toEqual(['hello']);
      const ref = { channel: 'mail:welcome', group: 'queue' };
      expect(await world.services.groups?.store.dead(ref, 0, 10)).toMatchObject({ total: 1 });
    },
  );

  it('that is full refuses messages with a retryable error', async () => {
    const world = await start();
    await enqueue(world, 'small:a', 2);
    const publisher = await connectWorker(world);
    expect(await publisher.client.request({ type: 'publish', channel: 'small:a', data: 3 })).toMatchObject({
      error: { name: 'queue_full', retryable: true, retryAfter: expect.any(Number) },
    });
  });

  it('that overflows publishes the oldest message as a dead letter, without any consumer', async () => {
    const world = await start();
    await enqueue(world, 'spill:a', 3);
    world.clock.advance(1_000);
    await world.idle();
    const { messages } = await world.services.log.read('dead:a', 0, 10);
    expect(messages.map(({ message }) => [message.data, message.tags?.['x-reason']])).toEqual([
      [1, 'overflow'],
      [2, 'overflow'],
    ]);
  });

  it('with a strict order delivers one message after the other', async () => {
    const world = await start();
    const [one, two] = [
      await connectWorker(world, { channel: 'strict:a' }),
      await connectWorker(world, { channel: 'strict:a' }),
    ];
    await one.consume();
    await two.consume();
    await enqueue(world, 'strict:a', 4);
    const order: unknown[] = [];
    while (order.length < 4) {
      const open = [one, two].flatMap((worker) =>
        worker.deliveries
          .filter(({ message }) => !order.includes(message.data))
          .map((delivery) => ({ worker, delivery })),
      );
      expect(open.length).toBeLessThanOrEqual(1);
      for (const { worker, delivery } of open) {
        order.push(delivery.message.data);
        await worker.ack(delivery);
      }
      await world.idle();
    }
    expect(order).toEqual([1, 2, 3, 4]);
  });
});

describe('a consumer', () => {
  it('whose connection has closed can acknowledge for five seconds, by its next connection', async () => {
    const world = await start();
    const [gone, other] = [await connectWorker(world), await connectWorker(world)];
    await gone.consume();
    await enqueue(world, 'jobs:a', 2);
    await world.idle();
    await other.consume();
    gone.peer.socket.cut();
    world.clock.advance(4_999);
    const back = await connectWorker(world);
    expect(await back.ack(...gone.deliveries.slice(0, 1))).toEqual({});
    world.clock.advance(1_300); // the grace, and the backoff
    await world.idle();
    expect(other.deliveries).toMatchObject([{ attempt: 2, message: { offset: 2 } }]);
  });

  it('that stops may acknowledge what it has, and receives no more', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    await worker.client.result({ type: 'stop', channel: 'jobs:a' });
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    expect(worker.deliveries).toHaveLength(1);
    expect(await worker.ack(worker.last)).toEqual({});
    await worker.consume();
    await world.idle();
    expect(worker.deliveries).toHaveLength(2);
  });

  describe.each<[string, (worker: Worker) => Promise<Worker>]>([
    [
      'that it had when it stopped',
      async (worker) => {
        await worker.client.result({ type: 'stop', channel: 'slow:a' });
        return worker;
      },
    ],
    [
      'that it had when it stopped, also if it consumes again',
      async (worker) => {
        await worker.client.result({ type: 'stop', channel: 'slow:a' });
        await worker.consume();
        return worker;
      },
    ],
    [
      'that it extended after it had stopped',
      async (worker) => {
        await worker.client.result({ type: 'stop', channel: 'slow:a' });
        await worker.extend(...worker.deliveries);
        return worker;
      },
    ],
  ])('gives back the deliveries %s', (_, prepare) => {
    it('five seconds after its connection has closed', async () => {
      const world = await start();
      const worker = await connectWorker(world, { channel: 'slow:a' });
      await worker.consume();
      await enqueue(world, 'slow:a', 2);
      await world.idle();
      const holder = await prepare(worker);
      await holder.ack(...worker.deliveries.slice(0, 1));
      holder.peer.socket.cut();
      const other = await connectWorker(world, { channel: 'slow:a' });
      await other.consume();
      world.clock.advance(4_999);
      await world.idle();
      expect(other.deliveries).toEqual([]);
      world.clock.advance(1);
      await world.idle();
      expect(other.deliveries).toMatchObject([{ attempt: 2, message: { offset: 2 } }]);
    });
  });

  it.each([
    ['that consumes', true],
    ['that does not consume', false],
  ])('gives back what it extended for a lost connection on one %s', async (_, consumes) => {
    const world = await start();
    const gone = await connectWorker(world, { channel: 'slow:a' });
    await gone.consume();
    await enqueue(world, 'slow:a', 1);
    await world.idle();
    gone.peer.socket.cut();
    const back = await connectWorker(world, { channel: 'slow:a' });
    if (consumes) await back.consume();
    await back.extend(...gone.deliveries);
    back.peer.socket.cut();
    const other = await connectWorker(world, { channel: 'slow:a' });
    await other.consume();
    world.clock.advance(5_000);
    await world.idle();
    expect(other.deliveries).toMatchObject([{ attempt: 2 }]);
  });

  it('counts what it extended for a lost connection against its prefetch', async () => {
    const world = await start();
    const gone = await connectWorker(world, { channel: 'slow:a' });
    await gone.consume();
    await enqueue(world, 'slow:a', 1);
    await world.idle();
    gone.peer.socket.cut();
    const back = await connectWorker(world, { channel: 'slow:a' });
    await back.consume({ prefetch: 1 });
    await back.extend(...gone.deliveries);
    await enqueue(world, 'slow:a', 1);
    await world.idle();
    expect(back.deliveries).toEqual([]);
    await back.ack(...gone.deliveries);
    await world.idle();
    expect(back.deliveries).toMatchObject([{ message: { offset: 2 } }]);
  });

  it('that has stopped and loses the permission gives back what it has', async () => {
    const world = await start();
    const [one, two] = [
      await connectWorker(world, { channel: 'slow:a' }),
      await connectWorker(world, { channel: 'slow:a' }),
    ];
    await one.consume();
    await enqueue(world, 'slow:a', 1);
    await world.idle();
    await one.client.result({ type: 'stop', channel: 'slow:a' });
    await two.consume();
    await one.client.result({
      type: 'refresh',
      token: await tokenFor('worker', { clock: () => world.clock.now(), claims: { role: 'guest' } }),
    });
    await world.idle();
    expect(two.deliveries).toMatchObject([{ attempt: 2 }]);
    expect(await one.client.push('stopped')).toMatchObject({ channel: 'slow:a', reason: 'permission' });
  });

  it('that has stopped counts as a consumer of its connection until its deliveries are settled or have expired', async () => {
    const world = await start({ limits: { subscriptions: 1 } });
    const worker = await connectWorker(world, { channel: 'slow:a' });
    const other = new Worker(worker.peer, 'slow:b');
    const stop = (channel: string) => worker.client.result({ type: 'stop', channel });
    const refused = () => worker.client.request({ type: 'consume', channel: 'slow:b' });
    await worker.consume();
    await enqueue(world, 'slow:a', 1);
    await world.idle();
    await stop('slow:a');
    expect(await refused()).toMatchObject({ error: { name: 'too_many_subscriptions' } });
    await worker.ack(worker.last);
    await other.consume();
    await enqueue(world, 'slow:b', 1);
    await world.idle();
    await stop('slow:b');
    world.clock.advance(3_600_000);
    expect(await worker.consume()).toMatchObject({ group: 'queue' });
  });

  it('has room again after a refused extension', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume({ prefetch: 1 });
    await enqueue(world, 'jobs:a', 2);
    await world.idle();
    const rule = world.services.groups?.ruleOf({ channel: 'jobs:a', group: 'queue' });
    if (rule === undefined) throw new Error('no rule');
    await world.services.groups?.store.seek({ channel: 'jobs:a', group: 'queue' }, rule.delivery, 1);
    const extend = { type: 'extend', channel: 'jobs:a', deliveries: [worker.last.id] } as const;
    expect(await worker.client.request(extend)).toMatchObject({ error: { name: 'delivery_expired' } });
    await world.idle();
    expect(worker.data).toEqual([1, 2]);
  });

  it('that loses the permission is stopped, and its deliveries go to others', async () => {
    const world = await start();
    const [one, two] = [await connectWorker(world), await connectWorker(world)];
    await one.consume();
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    await two.consume();
    await one.client.result({
      type: 'refresh',
      token: await tokenFor('worker', { clock: () => world.clock.now(), claims: { role: 'guest' } }),
    });
    expect(await one.client.push('stopped')).toEqual({
      ...{ type: 'stopped', channel: 'jobs:a', group: 'queue', reason: 'permission', message: expect.any(String) },
    });
    world.clock.advance(1_200);
    await world.idle();
    expect(two.deliveries).toMatchObject([{ attempt: 2 }]);
  });

  it('is stopped if a reload removes its group', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await world.idle();
    const { config } = world.assembly;
    const channels = config.channels.map((rule) => ({ ...rule, queue: null, groups: [] }));
    await world.gateway.reload({ ...config, channels });
    expect(await worker.client.push('stopped')).toMatchObject({ reason: 'group_removed' });
  });

  it('that does not read receives nothing more until it does', async () => {
    const world = await start();
    const [slow, fast] = [await connectWorker(world), await connectWorker(world)];
    await slow.consume();
    slow.peer.socket.stall();
    for (let n = 0; n < 31; n++) await world.gateway.publish('jobs:a', 'x'.repeat(60_000));
    await world.idle();
    await fast.consume();
    await world.idle();
    expect(fast.deliveries.length).toBeGreaterThan(0);
    slow.peer.socket.unstall();
    await world.idle();
    expect(slow.deliveries.length + fast.deliveries.length).toBe(31);
  });
});

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
