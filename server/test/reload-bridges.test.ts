import { expect, it } from 'vitest';
import type { BridgeHost, BridgesPackage, OutboundFeed } from '../src/bridges/bridge-host.ts';
import type { ConfigInput } from '../src/config/config.ts';
import { parseConfig } from '../src/config/schema.ts';
import { SECRET } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const API_KEY = 'an-API-key-that-only-tests-know';
const REDIS = { url: 'redis://127.0.0.1:1' }; // nobody listens there
const KEPT = { audit: { history: true }, other: { history: true } };
const bridge = (channel: string, inFlight = 10) => ({
  ...{ redis: REDIS, inFlight, from: { channel }, to: { stream: 's' } },
});

const configOf = (channels: object, bridges: object) =>
  ({
    keys: [{ secret: SECRET }],
    apiKeys: [{ name: 'test', secret: API_KEY }],
    channels,
    bridges,
  }) as unknown as ConfigInput;

/** A gateway whose bridge to a broker sends to this test. */
async function start() {
  const sent: unknown[] = [];
  const errors: string[] = [];
  const open = async (host: BridgeHost): Promise<OutboundFeed | undefined> => {
    try {
      return await host.openFeed();
    } catch (error) {
      errors.push((error as Error).message);
      return undefined;
    }
  };
  const send = async (host: BridgeHost, signal: AbortSignal) => {
    while (!signal.aborted) {
      const feed = await open(host);
      host.moved('running');
      if (feed === undefined) return;
      signal.addEventListener('abort', () => feed.close());
      for (let batch = await feed.next(10); batch.messages.length > 0; batch = await feed.next(10)) {
        sent.push(...batch.messages.map(({ message }) => message.data));
        await feed.acknowledge();
      }
    }
  };
  const bridges = async (): Promise<BridgesPackage> => ({
    loadBridge: async (_, host) => ({ run: (signal) => send(host, signal) }),
  });
  const world = await createWorld(configOf(KEPT, { out: bridge('audit') }), { bridges });
  const list = async () => {
    const headers = { authorization: `Bearer ${API_KEY}` };
    const { status, body } = await world.transport.request({ path: '/api/v1/bridges', headers });
    return { status, ...(JSON.parse(String(body)) as { bridges: readonly object[] }) };
  };
  return { world, sent, errors, list };
}

it.each([
  ['removed', {}],
  ['renamed', { renamed: bridge('audit') }],
  ['moved to another channel', { out: bridge('other') }],
  ['changed', { out: bridge('audit', 20) }],
])('a bridge that is %s sends until the restart', async (_, bridges) => {
  const { world, sent, list } = await start();
  await world.gateway.publish('audit', 1);
  await world.until(() => sent.length === 1);
  const { restart } = await world.gateway.reload(parseConfig(configOf(KEPT, bridges)));
  expect(restart).toContain('bridges');
  await world.gateway.publish('audit', 2);
  await world.until(() => sent.length === 2);
  await world.idle();
  expect(await list()).toMatchObject({ status: 200, bridges: [{ name: 'out', channel: 'audit', lag: 0 }] });
  await world.gateway.close();
});

it.each([
  ['a rule', { other: { history: true } }],
  ['history', { audit: {} }],
])('a bridge whose channel no longer has %s waits, and is listed', async (_, channels) => {
  const { world, sent, errors, list } = await start();
  await world.gateway.publish('audit', 1);
  await world.until(() => sent.length === 1);
  await world.gateway.reload(parseConfig(configOf(channels, {})));
  await world.until(() => errors.length === 1);
  expect(errors).toEqual(['no rule with history matches "audit" since the configuration was reloaded']);
  expect(await list()).toMatchObject({ status: 200, bridges: [{ name: 'out' }] });
  await world.gateway.close();
});
