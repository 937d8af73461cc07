import { describe, expect, it, vi } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { EngineUnavailable } from '../src/engine/engine.ts';
import { NackError, type ProgramDelivery } from '../src/groups/program-delivery.ts';
import { enqueue } from './support/worker.ts';
import { createWorld, type World } from './support/world.ts';

const CHANNELS: ConfigInput['channels'] = {
  'jobs:{kind}': { queue: { backoff: [], maxDeliveries: 3 } },
  short: { history: { count: 4 }, groups: { billing: {} } },
  orders: { history: true, groups: { billing: {}, audit: {} } },
  results: { history: true },
};
const QUEUE = { channel: 'jobs:a', group: 'queue' };

const start = () => createWorld({ channels: CHANNELS, drain: '1s' });

/** Handlers that the test ends. */
class Handler {
  readonly deliveries: ProgramDelivery[] = [];
  readonly #ends: { resolve: () => void; reject: (error: Error) => void }[] = [];

  readonly handle = (delivery: ProgramDelivery): Promise<void> => {
    this.deliveries.push(delivery);
    return new Promise((resolve, reject) => this.#ends.push({ resolve, reject }));
  };

  get data() {
    return this.deliveries.map(({ message }) => message.data);
  }

  resolve(at: number): void {
    this.#ends[at]?.resolve();
  }

  reject(at: number, error: Error): void {
    this.#ends[at]?.reject(error);
  }
}

const stats = async ({ services }: World) => {
  const rule = services.groups?.ruleOf(QUEUE);
  if (rule === undefined) throw new Error('the queue has no rule');
  return services.groups?.store.stats(QUEUE, rule.delivery);
};

describe('a function of the program', () => {
  it('receives messages, as many as its prefetch, and acknowledges them', async () => {
    const world = await start();
    const handler = new Handler();
    const { epoch } = await world.gateway.publish('jobs:a', 'first', { tags: { k: 'v' } });
    await enqueue(world, 'jobs:a', 2);
    world.gateway.consume('jobs:a', handler.handle, { prefetch: 2 });
    await world.idle();
    expect(handler.data).toEqual(['first', 1]);
    expect(handler.deliveries[0]).toMatchObject({
      ...{ channel: 'jobs:a', group: 'queue', epoch, attempt: 1 },
      message: { offset: 1, tags: { k: 'v' } },
    });
    handler.resolve(1);
    await world.idle();
    expect(handler.data).toEqual(['first', 1, 2]);
    expect(await stats(world)).toMatchObject({ inFlight: 2, ready: 0 });
  });

  it('that fails receives the message again; it dies with the error', async () => {
    const world = await start();
    const handler = new Handler();
    await enqueue(world, 'jobs:a', 1);
    world.gateway.consume('jobs:a', handler.handle);
    for (let attempt = 0; attempt < 3; attempt++) {
      await world.idle();
      handler.reject(attempt, new Error(`no file, ${'x'.repeat(300)}`));
    }
    await world.idle();
    expect(handler.deliveries.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    const dead = await world.services.groups?.store.dead(QUEUE, 0, 10);
    expect(dead?.letters).toMatchObject([
      { reason: 'max_deliveries', error: expect.stringMatching(/^no file, x{247}$/) },
    ]);
  });

  it('that throws a NackError chooses when the message is delivered again', async () => {
    const world = await start();
    await enqueue(world, 'jobs:a', 1);
    const attempts: number[] = [];
    world.gateway.consume('jobs:a', ({ attempt }) => {
      attempts.push(attempt);
      if (attempt === 1) throw new NackError('not now', { delay: 4_000 });
    });
    await world.idle();
    world.clock.advance(3_999);
    await world.idle();
    expect(attempts).toEqual([1]);
    world.clock.advance(1);
    await world.idle();
    expect(attempts).toEqual([1, 2]);
  });

  it.each([Number.NaN, -1, 86_400_001, Number.POSITIVE_INFINITY, '5' as unknown as number])(
    'with a NackError of the delay %s receives the message again after the backoff',
    async (delay) => {
      const world = await start();
      await enqueue(world, 'jobs:a', 1);
      const attempts: number[] = [];
      world.gateway.consume('jobs:a', ({ attempt }) => {
        attempts.push(attempt);
        if (attempt === 1) throw new NackError('not now', { delay });
      });
      await world.idle();
      expect(attempts).toEqual([1, 2]);
    },
  );

  it('that throws a NackError with "dead" makes a dead letter at once', async () => {
    const world = await start();
    await enqueue(world, 'jobs:a', 1);
    world.gateway.consume('jobs:a', () => {
      throw new NackError('not a picture', { dead: true });
    });
    await world.idle();
    const dead = await world.services.groups?.store.dead(QUEUE, 0, 10);
    expect(dead?.letters).toMatchObject([{ reason: 'rejected', deliveries: 1, error: 'not a picture' }]);
  });

  it('keeps a message for as long as it runs', async () => {
    const world = await start();
    const [one, two] = [new Handler(), new Handler()];
    await enqueue(world, 'jobs:a', 1);
    world.gateway.consume('jobs:a', one.handle);
    await world.idle();
    world.gateway.consume('jobs:a', two.handle);
    for (let n = 0; n < 12; n++) {
      world.clock.advance(10_000);
      await world.idle();
    }
    expect(two.deliveries).toEqual([]);
    expect(one.deliveries[0]?.signal.aborted).toBe(false);
    one.resolve(0);
    await world.idle();
    expect(await stats(world)).toMatchObject({ inFlight: 0, ready: 0, floor: 1 });
  });

  it('is notified when its delivery is lost', async () => {
    const world = await start();
    const handler = new Handler();
    await enqueue(world, 'jobs:a', 1);
    world.gateway.consume('jobs:a', handler.handle, { prefetch: 1 });
    await world.idle();
    const rule = world.services.groups?.ruleOf(QUEUE);
    if (rule !== undefined) await world.services.groups?.store.seek(QUEUE, rule.delivery, 0);
    world.clock.advance(10_000);
    await world.idle();
    expect(handler.deliveries[0]?.signal.aborted).toBe(true);
    handler.resolve(0);
    await world.idle();
    expect(handler.deliveries).toMatchObject([{ attempt: 1 }, { attempt: 1 }]);
    expect(handler.deliveries[1]?.signal.aborted).toBe(false);
  });

  it('publishes its results once, however often the message is delivered', async () => {
    const world = await start();
    await enqueue(world, 'jobs:a', 2);
    let attempts = 0;
    world.gateway.consume('jobs:a', async ({ message, publish }) => {
      await publish('results', { of: message.data, part: 1 });
      await publish('results', { of: message.data, part: 2 });
      if (++attempts <= 2) throw new Error('failed after it had published');
    });
    await world.idle();
    const { messages } = await world.services.log.read('results', 0, 10);
    expect(attempts).toBe(4);
    expect(messages.map(({ message }) => message.data)).toHaveLength(4);
  });

  it('finishes what it has received when it is stopped', async () => {
    const world = await start();
    const handler = new Handler();
    await enqueue(world, 'jobs:a', 3);
    const stop = world.gateway.consume('jobs:a', handler.handle, { prefetch: 2 });
    await world.idle();
    let isStopped = false;
    const stopped = stop().then(() => {
      isStopped = true;
    });
    handler.resolve(0);
    await world.idle();
    expect({ isStopped, received: handler.deliveries.length }).toEqual({ isStopped: false, received: 2 });
    handler.resolve(1);
    await stopped;
    expect(await stats(world)).toMatchObject({ floor: 2, inFlight: 0, ready: 1 });
  });

  it('finishes before the gateway has stopped, or is abandoned at the end of the drain', async () => {
    const world = await start();
    const handler = new Handler();
    await enqueue(world, 'jobs:a', 2);
    world.gateway.consume('jobs:a', handler.handle);
    await world.idle();
    const closed = world.gateway.close();
    handler.resolve(0);
    await world.idle();
    world.clock.advance(1_000);
    await closed;
    expect(await stats(world)).toMatchObject({ floor: 1, inFlight: 1 });
    expect(handler.deliveries[1]?.signal.aborted).toBe(true);
    expect(world.clock.running).toBe(0);
  });

  it('acknowledges after the engine was away', async () => {
    const world = await start();
    const handler = new Handler();
    await enqueue(world, 'jobs:a', 1);
    world.gateway.consume('jobs:a', handler.handle);
    await world.idle();
    const { store } = world.services.groups ?? {};
    if (store === undefined) throw new Error('no groups');
    const settle = store.settle.bind(store);
    store.settle = () => Promise.reject(new EngineUnavailable('away'));
    handler.resolve(0);
    await world.idle();
    store.settle = settle;
    world.clock.advance(1_000);
    await world.idle();
    expect(await stats(world)).toMatchObject({ floor: 1, inFlight: 0 });
  });

  it('is told which messages the history dropped before the group had settled them', async () => {
    const world = await start();
    const handler = new Handler();
    const onGap = vi.fn();
    world.gateway.consume('short', handler.handle, { prefetch: 1, onGap });
    await enqueue(world, 'short', 1);
    await world.idle();
    await enqueue(world, 'short', 8);
    handler.resolve(0);
    await world.idle();
    expect(onGap.mock.calls).toMatchObject([[{ from: { offset: 1 }, to: { offset: 5 }, reason: 'retention' }]]);
    expect(handler.deliveries.map(({ message }) => message.offset)).toEqual([1, 6]);
  });

  it('goes on if its "onGap" throws, and the fault is reported', async () => {
    const world = await start();
    const faults = vi.fn();
    world.services.events.on('fault', faults);
    const handler = new Handler();
    const onGap = () => {
      throw new Error('no');
    };
    world.gateway.consume('short', handler.handle, { prefetch: 1, onGap });
    await enqueue(world, 'short', 1);
    await world.idle();
    await enqueue(world, 'short', 8);
    handler.resolve(0);
    await world.idle();
    expect(handler.deliveries).toHaveLength(2);
    expect(faults).toHaveBeenCalledOnce();
  });

  it.each([
    ['an unknown channel', 'nowhere', {}, /channel_unknown|no channel rule/],
    ['a channel without groups', 'results', {}, /"results" is not a queue/],
    ['several groups', 'orders', {}, /name one of "billing", "audit"/],
    ['an unknown group', 'orders', { group: 'other' }, /its groups are/],
  ])('is refused on %s', async (_, channel, options, message) => {
    const world = await start();
    expect(() => world.gateway.consume(channel, () => {}, options)).toThrow(message);
  });
});
