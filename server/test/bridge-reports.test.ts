import { expect, it } from 'vitest';
import type { BridgeHost, BridgesPackage } from '../src/bridges/bridge-host.ts';
import type { ConfigInput } from '../src/config/config.ts';
import { createLogger } from '../src/observe/log.ts';
import { createWorld } from './support/world.ts';

const REDIS = { url: 'redis://127.0.0.1:1' }; // nobody listens there
const IN = { redis: REDIS, from: { streams: ['s'] }, to: { channel: 'x' } };
const OUT = { redis: REDIS, from: { channel: 'x' }, to: { stream: 's' } };

it.each([
  ['is usual between bridges in both directions', { in: IN, out: OUT }, 'info', 'why'],
  ['is a mistake if no bridge sends', { in: IN }, 'warn', 'does another gateway have the same "origin"?'],
])('a message that comes back %s', async (_, bridges, level, words) => {
  const hosts: BridgeHost[] = [];
  const load = async (): Promise<BridgesPackage> => ({
    loadBridge: async ({ direction }, host) => {
      if (direction === 'in') hosts.push(host);
      return { run: async () => {} };
    },
  });
  const config = { channels: { x: { history: true } }, bridges } as unknown as ConfigInput;
  const written: string[] = [];
  const log = createLogger({ level: 'info', format: 'json', destination: { write: (line) => written.push(line) } });
  const world = await createWorld(config, { bridges: load, log });
  hosts[0]?.count('returned', 1, 'why');
  const line = JSON.parse(written.at(-1) ?? '{}') as Record<string, unknown>;
  expect(line).toMatchObject({ msg: 'bridge: returned', bridge: 'in', count: 1, why: expect.stringContaining(words) });
  expect(line.level).toBe(log.levels.values[level]);
  await world.gateway.close();
});
