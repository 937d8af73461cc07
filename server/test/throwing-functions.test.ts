import { describe, expect, it, vi } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const MISTAKE = new Error('a mistake of the program');

/** A function of the program that fails, in each of the ways that a function can. */
const WAYS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw MISTAKE;
  },
  rejects: () => Promise.reject(MISTAKE),
};

interface Started {
  readonly world: World;
  /** How often the mistake was reported. */
  readonly reports: () => number;
  readonly client: Awaited<ReturnType<World['connect']>>['client'];
}

async function start(config: ConfigInput): Promise<Started> {
  const world = await createWorld(config);
  const faults: unknown[] = [];
  world.services.events.on('fault', ({ error }) => faults.push(error));
  const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
  const isMistake = (error: unknown) => error === MISTAKE || (error as Error).cause === MISTAKE;
  return { world, client, reports: () => faults.filter(isMistake).length };
}

describe.each(Object.entries(WAYS))('a function of the program that %s', (_, fail) => {
  it('as a responder fails its request only, and is asked again', async () => {
    const { world, reports } = await start({ channels: { sum: {} } });
    world.gateway.respond('sum', fail as never);
    for (let count = 0; count < 2; count++) {
      await expect(world.gateway.request('sum', 1)).rejects.toMatchObject({ responder: { code: 'internal' } });
    }
    expect(reports()).toBe(2);
  });

  it('as a consumer gets the message again, and stops', async () => {
    const { world } = await start({ channels: { jobs: { queue: { backoff: [], maxDeliveries: 5 } } } });
    const handler = vi.fn(fail);
    const stop = world.gateway.consume('jobs', handler as never);
    await world.gateway.publish('jobs', 1);
    await world.idle();
    const rule = world.services.groups?.ruleOf({ channel: 'jobs', group: 'queue' });
    expect(handler.mock.calls.length).toBe(rule?.delivery.maxDeliveries);
    await expect(stop()).resolves.toBeUndefined();
  });

  it('as a hook denies what it is asked about, and is asked again', async () => {
    const hooks = { app: { subscribe: fail as never } };
    const { client, reports } = await start({ channels: { a: { allow: { '*': 'users' } } }, hooks });
    for (let count = 0; count < 2; count++) {
      expect((await client.request({ type: 'subscribe', channel: 'a' })).type).toBe('error');
    }
    expect(reports()).toBe(2);
  });

  it('as a grant denies what it is asked about, and is asked again', async () => {
    const { client, reports } = await start({ channels: { a: { allow: { subscribe: fail as never } } } });
    for (let count = 0; count < 2; count++) {
      expect((await client.request({ type: 'subscribe', channel: 'a' })).type).toBe('error');
    }
    expect(reports()).toBeGreaterThan(0);
  });
});
