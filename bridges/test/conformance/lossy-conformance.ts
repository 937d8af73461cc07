import type { ConfigInput } from '@sluice/server';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type BridgeGateway, startGateway } from '../support/bridge-gateway.ts';
import type { Produced } from './messages.ts';

/** A source whose broker stores nothing, with a producer. */
export interface LossyRig {
  /** The system's options and `from`, for `bridges` of the configuration. */
  readonly bridge: Readonly<Record<string, unknown>>;
  /** Sends messages to all current listeners. */
  send(messages: readonly Produced[]): Promise<void>;
  close(): Promise<void>;
}

/** What a suite starts and kills: a broker, or the other side of a connection. */
export interface LossyServer {
  stop(signal: 'SIGKILL'): Promise<void>;
  restart(): Promise<void>;
  remove(): Promise<void>;
}

export interface LossySuite<T extends LossyServer> {
  /** Why it is skipped; `false`: it runs. */
  readonly skip: string | false;
  readonly start: () => Promise<T>;
  readonly open: (server: T) => Promise<LossyRig>;
}

const HISTORY = { history: { count: 100_000, age: '7d' } } as const;
const channels: NonNullable<ConfigInput['channels']> = {
  orders: HISTORY,
  'by-type:{type}': HISTORY,
  dead: HISTORY,
  'jobs:{kind}': { queue: { maxLength: 3 } },
};

const numbered = (from: number, to: number): Produced[] =>
  numbers(from, to).map((body) => ({ body: JSON.stringify(body) }));
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => ({ n: from + at }));

/** The suite of sources that appear at most once, because nobody keeps the messages for them. */
export function testLossySource<T extends LossyServer>(name: string, { skip, start, open }: LossySuite<T>): void {
  describe.skipIf(skip)(`a bridge from ${name}`, () => {
    let server: T;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.remove());

    const openRig = async (): Promise<LossyRig> => {
      const rig = await open(server);
      onTestFinished(() => rig.close());
      return rig;
    };
    const run = async (rig: LossyRig, more: object): Promise<BridgeGateway> => {
      const gateway = await startGateway({ channels, bridges: { in: { ...rig.bridge, ...more } } });
      await isRunning(gateway);
      return gateway;
    };
    const isRunning = (gateway: BridgeGateway) =>
      expect.poll(async () => (await gateway.bridge('in')).state).toBe('running');

    it('publishes what is sent while it is connected, once and in order', async () => {
      const rig = await openRig();
      const gateway = await run(rig, { to: { channel: 'orders' } });
      await rig.send(numbered(1, 300));
      await expect.poll(async () => (await gateway.data('orders')).length).toBe(300);
      expect(await gateway.data('orders')).toEqual(numbers(1, 300));
    });

    it('has channel, event and tags by templates', async () => {
      const rig = await openRig();
      const to = { channel: 'by-type:{header:type}', event: '{header:type}', tags: { region: '{data:/region}' } };
      const gateway = await run(rig, { to });
      await rig.send([{ body: '{"region":"eu"}', headers: { type: 'created' } }]);
      await expect
        .poll(() => gateway.messages('by-type:created'))
        .toMatchObject([{ event: 'created', data: { region: 'eu' }, tags: { region: 'eu' } }]);
    });

    it('holds while the gateway accepts nothing, and keeps the order', async () => {
      const rig = await openRig();
      const gateway = await run(rig, { to: { channel: 'jobs:a' } });
      await rig.send(numbered(1, 10));
      await expect.poll(async () => (await gateway.bridge('in')).state).toBe('holding');
      const seen: unknown[] = [];
      const stop = gateway.consume('jobs:a', ({ message }) => void seen.push(message.data));
      await expect.poll(() => seen).toHaveLength(10);
      await stop();
      expect(seen).toEqual(numbers(1, 10));
    });

    it('sends what cannot be published to the dead letters, and goes on', async () => {
      const rig = await openRig();
      const gateway = await run(rig, { to: { channel: 'orders' }, poison: { deadLetter: 'dead' } });
      await rig.send([{ body: '{"n":1}' }, { body: 'no JSON' }, { body: '{"n":2}' }]);
      await expect.poll(() => gateway.data('orders')).toEqual([{ n: 1 }, { n: 2 }]);
      await expect.poll(() => gateway.messages('dead')).toMatchObject([{ data: { reason: 'the body is not JSON' } }]);
    });

    it('drops what it has sent itself from the same channel', async () => {
      const rig = await openRig();
      const gateway = await run(rig, { origin: 'sluice', to: { channel: 'orders' } });
      const headers = { 'sluice-origin': 'sluice', 'sluice-channel': 'orders' };
      await rig.send([
        { body: '{"n":1}', headers },
        { body: '{"n":2}', headers: { ...headers, 'sluice-origin': 'another' } },
      ]);
      await expect.poll(() => gateway.data('orders')).toEqual([{ n: 2 }]);
    });

    it('connects again after the other side was killed, and repeats nothing', async () => {
      const rig = await openRig();
      const gateway = await run(rig, { to: { channel: 'orders' } });
      await rig.send(numbered(1, 20));
      await expect.poll(() => gateway.data('orders')).toHaveLength(20);
      await server.stop('SIGKILL');
      await expect.poll(async () => (await gateway.bridge('in')).state).toBe('waiting');
      await server.restart();
      await isRunning(gateway);
      await rig.send(numbered(21, 40));
      await expect.poll(() => gateway.data('orders')).toEqual(numbers(1, 40));
    });
  });
}
