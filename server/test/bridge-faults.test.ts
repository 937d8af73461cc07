import { expect, it, onTestFinished } from 'vitest';
import { BridgeLease } from '../src/bridges/bridge-lease.ts';
import type { ConfigInput } from '../src/config/config.ts';
import type { Engine } from '../src/engine/engine.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { createWorld } from './support/world.ts';

const config = {
  channels: { orders: { history: true } },
  bridges: { in: { redis: { url: 'redis://127.0.0.1:1' }, from: { streams: ['s'] }, to: { channel: 'orders' } } },
} as unknown as ConfigInput;

it('a bridge that has failed with a fault gives its lease back, so that another node can run it', async () => {
  let log: MemoryEngine | undefined;
  const run = () => Promise.reject(new Error('a bug'));
  const world = await createWorld(config, {
    engine: (clock) => {
      log = new MemoryEngine({ clock });
      // Other nodes may use it.
      return new Proxy(log, {
        get: (of, name) => {
          const value: unknown = name === 'name' ? 'redis' : Reflect.get(of, name, of);
          return typeof value === 'function' ? value.bind(of) : value;
        },
      }) as Engine;
    },
    bridges: async () => ({ loadBridge: async () => ({ run }) }),
  });
  onTestFinished(() => world.gateway.close());
  await world.idle();
  expect((await world.assembly.bridges.status())[0]).toMatchObject({ state: 'failed' });
  if (log === undefined) throw new Error('there is no engine');
  const another = new BridgeLease({ log, clock: world.clock, bridge: 'in' });
  const stop = new AbortController();
  const acquired = another.acquire(stop.signal);
  await world.idle();
  stop.abort();
  expect(await acquired).toBe(true);
});
