import { describe, expect, it } from 'vitest';
import { CHANNELS, start, WORKERS } from './support/queue-world.ts';
import { connectWorker, enqueue } from './support/worker.ts';

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
