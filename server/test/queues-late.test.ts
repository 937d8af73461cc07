import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../src/engine/engine.ts';
import type { Claim, GroupStore } from '../src/engine/groups.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { connectWorker, enqueue } from './support/worker.ts';
import { createWorld } from './support/world.ts';

const API_KEY = 'an-API-key-that-only-tests-know';

/** Claims are carried out at once, and answered when the test says so, as by a remote engine. */
class LateClaims {
  readonly #answers: (() => void)[] = [];
  /** Claims that fail. */
  away = 0;

  wrap(store: GroupStore): void {
    const claim = store.claim.bind(store);
    store.claim = (...args): Promise<Claim> => {
      if (this.away > 0) {
        this.away--;
        return Promise.reject(new EngineUnavailable('away'));
      }
      const claimed = claim(...args);
      return new Promise((resolve) => this.#answers.push(() => resolve(claimed)));
    };
  }

  get waiting(): number {
    return this.#answers.length;
  }

  answer(): void {
    for (const each of this.#answers.splice(0)) each();
  }
}

async function start() {
  const late = new LateClaims();
  const world = await createWorld(
    {
      channels: { 'jobs:{kind}': { allow: { consume: 'role:worker' }, queue: { backoff: [] } } },
      apiKeys: [{ name: 'backend', secret: API_KEY }],
    },
    {
      engine: (clock) => {
        const engine = new MemoryEngine({ clock });
        late.wrap(engine.groups);
        return engine;
      },
    },
  );
  const answer = async () => {
    await world.until(() => late.waiting > 0);
    late.answer();
    await world.idle();
  };
  return { world, late, answer };
}

describe('an engine that answers claims late', () => {
  it('delivers to consumers, one claim at a time', async () => {
    const { world, late, answer } = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await enqueue(world, 'jobs:a', 2);
    await world.idle();
    expect(late.waiting).toBe(1);
    await answer(); // nothing was there when it was asked
    await answer();
    expect(worker.data).toEqual([1, 2]);
  });

  it('gives messages to others if their consumer has stopped meanwhile', async () => {
    const { world, answer } = await start();
    const [one, two] = [await connectWorker(world), await connectWorker(world)];
    await enqueue(world, 'jobs:a', 1);
    await one.consume();
    await world.idle();
    await one.client.result({ type: 'stop', channel: 'jobs:a' });
    await answer();
    await two.consume();
    await answer();
    expect(one.deliveries).toEqual([]);
    expect(two.deliveries).toMatchObject([{ attempt: 1, message: { data: 1 } }]);
  });

  it('answers a request whose time is over with what it has claimed for it', async () => {
    const { world, late, answer } = await start();
    const leasing = world.transport.stream({
      ...{ method: 'POST', path: '/api/v1/channels/jobs:a/groups/queue/lease' },
      ...{ headers: { authorization: `Bearer ${API_KEY}` }, body: { wait: 1_000 } },
    });
    await answer(); // nothing is there
    const stream = await leasing;
    await answer(); // still nothing
    await enqueue(world, 'jobs:a', 1);
    await world.until(() => late.waiting > 0);
    world.clock.advance(1_000);
    await world.idle();
    expect(stream.ended).toBe(false);
    while (!stream.ended) await answer();
    expect(JSON.parse(stream.take())).toMatchObject({ deliveries: [{ attempt: 1, message: { data: 1 } }] });
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('broken'))],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
  ])('that %s with any other error is a fault, and is asked again', async (_, broken: () => Promise<Claim>) => {
    const { world, answer } = await start();
    const faults: string[] = [];
    world.services.events.on('fault', ({ where }) => faults.push(where));
    const { store } = world.services.groups ?? {};
    if (store === undefined) throw new Error('no groups');
    const claim = store.claim;
    store.claim = broken;
    const worker = await connectWorker(world);
    await worker.consume();
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    store.claim = claim;
    expect(new Set(faults)).toEqual(new Set(['groups: "jobs:a" could not be claimed']));
    world.clock.advance(1_000);
    await answer();
    expect(worker.data).toEqual([1]);
  });

  it('that cannot watch is asked again after a second, not at once', async () => {
    const { world, answer } = await start();
    const { store } = world.services.groups ?? {};
    if (store === undefined) throw new Error('no groups');
    let asked = 0;
    store.watch = () => {
      asked++;
      return Promise.reject(new EngineUnavailable('away'));
    };
    const worker = await connectWorker(world);
    await worker.consume();
    await answer();
    await world.idle();
    expect(asked).toBe(1);
    world.clock.advance(1_000);
    await world.idle();
    expect(asked).toBe(2);
  });

  it('that is away is asked again', async () => {
    const { world, late, answer } = await start();
    const worker = await connectWorker(world);
    late.away = 2;
    await worker.consume();
    await enqueue(world, 'jobs:a', 1);
    await world.idle();
    for (let n = 0; n < 2; n++) {
      world.clock.advance(1_000);
      await world.idle();
    }
    await answer();
    expect(worker.data).toEqual([1]);
  });
});
