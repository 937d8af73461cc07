import { describe, expect, it, vi } from 'vitest';
import { type ConfigInput, parseConfig } from '../src/config/schema.ts';
import { EngineUnavailable } from '../src/engine/engine.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import type { WebhookEventType } from '../src/webhook.ts';
import { SECRET } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const CHANNELS = { 'chat:{room}': { allow: { '*': 'users' }, history: true } } as const;
const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const config = (names: readonly string[], event: string): ConfigInput => ({
  keys: [{ secret: SECRET }],
  channels: CHANNELS,
  schedules: Object.fromEntries(names.map((name) => [name, { channel: 'chat:a', cron: '* * * * *', data: name }])),
  webhooks: { all: { url: 'https://hooks.example/sluice', keys: [{ key: KEY }], events: [event as WebhookEventType] } },
});

/** A gateway whose presence store can be away, and the schedules that are in force. */
async function start() {
  const engine = new MemoryEngine();
  const world = await createWorld(config(['old'], 'message.published'), { engine: () => engine });
  const list = vi.spyOn(engine.presence, 'list');
  const { recurring } = world.services.schedules;
  const names = async () => {
    const page = await recurring.list({ limit: 10 });
    return 'schedules' in page ? page.schedules.map(({ name }) => name) : page;
  };
  return { world, names, fail: (error: Error) => list.mockRejectedValue(error), recover: () => list.mockRestore() };
}

describe('a reload that cannot be prepared', () => {
  it('leaves the schedules in force, reports why, and can be repeated', async () => {
    const { world, names, fail, recover } = await start();
    const next = parseConfig(config(['new'], 'channel.occupied'));
    fail(new EngineUnavailable('the store is away'));
    await expect(world.gateway.reload(next)).rejects.toThrow('the store is away');
    expect(await names()).toEqual(['old']);
    recover();
    await world.gateway.reload(next);
    expect(await names()).toEqual(['new']);
  });
});
