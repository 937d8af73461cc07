import { describe, expect, it } from 'vitest';
import { start } from './support/queue-world.ts';
import { tokenFor } from './support/tokens.ts';
import { connectWorker, enqueue, Worker } from './support/worker.ts';

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
