import type { HistoryResult, ServerMessage } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { EventReader } from './support/event-reader.ts';
import { tokenFor } from './support/tokens.ts';
import { connectWorker } from './support/worker.ts';
import { createWorld, type World } from './support/world.ts';

const OPEN = { '*': 'users' } as const;
const WORKERS = { publish: 'users', consume: 'role:worker' } as const;
const CHANNELS: ConfigInput['channels'] = {
  'chat:{room}': { allow: OPEN, history: { count: 1_000 } },
  'brief:{id}': { allow: OPEN, history: true, ttl: { default: '1m', max: '10m' } },
  'capped:{id}': { allow: OPEN, history: true, ttl: { max: '10m' } },
  'held:{id}': { allow: OPEN, history: true, coalesce: '30s' },
  'later:{id}': { allow: OPEN, history: true, schedule: {} },
  all: { allow: OPEN, history: true, bind: ['chat:*'] },
  'all:brief': { allow: OPEN, history: true, bind: ['chat:*'], ttl: { default: '1m' } },
  'jobs:{kind}': { allow: WORKERS, queue: { deadLetter: 'dead:{kind}' } },
  'small:{kind}': { allow: WORKERS, queue: { maxLength: 1, deadLetter: 'dead:{kind}' } },
  'dead:{kind}': { allow: OPEN, history: true },
};

const start = (config: ConfigInput = {}) => createWorld({ channels: CHANNELS, ...config });

const connect = async (world: World, user = 'ada') =>
  (await world.connect(await tokenFor(user, { clock: () => world.clock.now() }))).client;

/** Publishes to a channel; each number is the `ttl` of a message, 0: none. */
async function publish(world: World, ttls: readonly number[], channel = 'chat:a'): Promise<void> {
  for (const [at, ttl] of ttls.entries()) await world.gateway.publish(channel, at + 1, ttl === 0 ? {} : { ttl });
  await world.idle();
}

/** What a client received, in short: `5,7`, or `2>5,7` for messages after 2. */
const summary = ({ received }: { received: readonly ServerMessage[] }): string[] =>
  received.flatMap((push) => {
    if (push.type === 'messages') {
      return [`${push.after === undefined ? '' : `${push.after}>`}${push.messages.map(({ offset }) => offset).join()}`];
    }
    if (push.type === 'progress') return [`progress ${push.after}>${push.offset}`];
    return push.type === 'gap' || push.type === 'live' ? [push.type] : [];
  });

const read = async (world: World, channel: string) => {
  const { messages } = await world.services.log.read(channel, 0, 1_000);
  return messages.map(({ message }) => message);
};

describe('a message with a ttl', () => {
  it('says when it expires', async () => {
    const world = await start();
    const client = await connect(world);
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    await client.result({ type: 'publish', channel: 'chat:a', data: 1, ttl: 5_000 });
    await world.idle();
    const { messages } = await client.push('messages');
    expect(messages[0]).toMatchObject({ data: 1, expiresAt: world.clock.now() + 5_000 });
  });

  it('is skipped by a subscription that reads the log, which then is at the head without a gap', async () => {
    const world = await start();
    await publish(world, [0, 1_000, 0, 2_000, 1_000]);
    world.clock.advance(1_000);
    const client = await connect(world);
    await client.result({ type: 'subscribe', channel: 'chat:a', rewind: 5 });
    await world.idle();
    await publish(world, [0]);
    expect(summary(client)).toEqual(['0>1,3,4', 'progress 4>5', 'live', '6']);
  });

  it('costs a subscription nothing that reads none of them', async () => {
    const world = await start();
    await publish(world, [0, 0, 5_000]);
    const client = await connect(world);
    await client.result({ type: 'subscribe', channel: 'chat:a', rewind: 3 });
    await world.idle();
    expect(summary(client)).toEqual(['1,2,3', 'live']);
  });

  it('is skipped when a client resumes, and by a subscription with a filter', async () => {
    const world = await start();
    const [{ epoch }] = [await world.gateway.publish('chat:a', 0)];
    await publish(world, [1_000, 1_000, 0]);
    world.clock.advance(1_000);
    const client = await connect(world);
    await client.result({ type: 'subscribe', channel: 'chat:a', position: { epoch, offset: 1 } });
    await client.result({ type: 'subscribe', channel: 'chat:a', sub: 1, filter: {}, position: { epoch, offset: 1 } });
    await world.idle();
    const only = (sub?: number) =>
      summary({ received: client.received.filter((push) => (push as { sub?: number }).sub === sub) });
    expect(only()).toEqual(['1>4', 'live']);
    expect(only(1)).toEqual(['1>4', 'live']);
  });

  it('is not in pages of history, which say what they cover', async () => {
    const world = await start();
    await publish(world, [0, 1_000, 0, 1_000]);
    const client = await connect(world);
    const page = async (query: object) => {
      const { messages, covers } = await client.result<HistoryResult>({ type: 'history', channel: 'chat:a', ...query });
      return [messages.map(({ offset }) => offset), covers];
    };
    expect(await page({})).toEqual([[1, 2, 3, 4], undefined]);
    world.clock.advance(1_000);
    expect(await page({})).toEqual([[1, 3], { from: 1, to: 4 }]);
    expect(await page({ limit: 1 })).toEqual([[], { from: 4, to: 4 }]);
    expect(await page({ after: 1, limit: 2 })).toEqual([[3], { from: 2, to: 3 }]);
    expect(await page({ after: 2, limit: 1 })).toEqual([[3], undefined]);
    expect(await page({ filter: { tags: { none: { exists: false } } } })).toEqual([[1, 3], { from: 1, to: 4 }]);
  });

  it('does not wait for others to share a write', async () => {
    const world = await start();
    const client = await connect(world);
    await client.result({ type: 'subscribe', channel: 'held:a' });
    await publish(world, [0], 'held:a');
    expect(summary(client)).toEqual([]);
    await publish(world, [1_000], 'held:a');
    expect(summary(client)).toEqual(['1,2']);
  });

  it('is skipped on an event stream that resumes', async () => {
    const world = await createWorld({
      channels: { 'chat:{room}': { allow: { '*': 'anyone' }, history: true } },
      anonymous: true,
    });
    await publish(world, [0, 1_000, 0]);
    world.clock.advance(1_000);
    const stream = await world.transport.stream({ path: '/sse', query: 'channel=chat:a&rewind=3', headers: {} });
    await world.idle();
    const data = new EventReader()
      .read(stream.take())
      .flatMap(({ event, data: { data } }) => (event === 'message' ? [data] : []));
    expect(data).toEqual([1, 3]);
  });

  it('counts from its publication if it was scheduled', async () => {
    const world = await start();
    const client = await connect(world);
    await client.result({ type: 'schedule', channel: 'later:a', data: 1, delay: 60_000, ttl: 5_000 });
    world.clock.advance(60_000);
    await world.idle();
    expect(await read(world, 'later:a')).toMatchObject([{ expiresAt: world.clock.now() + 5_000 }]);
  });
});

describe('the rule of a channel', () => {
  it('gives messages a ttl that have none', async () => {
    const world = await start();
    await publish(world, [0, 5_000], 'brief:a');
    const expiries = (await read(world, 'brief:a')).map(({ expiresAt = 0 }) => expiresAt - world.clock.now());
    expect(expiries).toEqual([60_000, 5_000]);
    await publish(world, [0], 'capped:a');
    expect((await read(world, 'capped:a'))[0]).not.toHaveProperty('expiresAt');
  });

  it.each(['brief:a', 'capped:a'])('limits it: %s', async (channel) => {
    const world = await start();
    const client = await connect(world);
    await client.result({ type: 'publish', channel, data: 1, ttl: 600_000 });
    await expect(client.result({ type: 'publish', channel, data: 1, ttl: 600_001 })).rejects.toThrow(
      'command_invalid: "ttl" may be at most 600000 ms',
    );
  });
});

describe('a copy of a message', () => {
  it('expires with it, or as its own rule says', async () => {
    const world = await start();
    await publish(world, [0, 5_000]);
    const expiries = async (channel: string) =>
      (await read(world, channel)).map(({ expiresAt }) => expiresAt && expiresAt - world.clock.now());
    expect(await expiries('all')).toEqual([undefined, 5_000]);
    expect(await expiries('all:brief')).toEqual([60_000, 5_000]);
  });
});

describe('a queue', () => {
  it('does not deliver messages that have expired: they become dead letters', async () => {
    const world = await start();
    await publish(world, [1_000, 0, 1_000], 'jobs:a');
    world.clock.advance(1_000);
    const worker = await connectWorker(world);
    await worker.consume();
    await world.idle();
    expect(worker.data).toEqual([2]);
    const letters = await read(world, 'dead:a');
    expect(letters.map(({ data, tags }) => [data, tags?.['x-reason'], tags?.['x-deliveries']])).toEqual([
      [1, 'expired', '0'],
      [3, 'expired', '0'],
    ]);
    expect(letters[0]).not.toHaveProperty('expiresAt');
  });

  it('accepts what a worker finished after the expiry', async () => {
    const world = await start();
    const worker = await connectWorker(world);
    await worker.consume();
    await publish(world, [1_000], 'jobs:a');
    world.clock.advance(2_000);
    expect(await worker.ack(worker.last)).toEqual({});
    expect(await read(world, 'dead:a')).toEqual([]);
  });

  it('without consumers makes room for new messages, and publishes the dead ones', async () => {
    const world = await start();
    await publish(world, [1_000], 'small:a');
    await expect(world.gateway.publish('small:a', 2)).rejects.toThrow('holds 1 messages');
    world.clock.advance(1_000);
    await world.gateway.publish('small:a', 2, { ttl: 60_000 });
    await world.idle();
    world.clock.advance(1_000);
    await world.idle();
    expect((await read(world, 'dead:a')).map(({ data }) => data)).toEqual([1]);
  });

  it('counts them', async () => {
    const world = await start();
    const found: unknown[] = [];
    world.services.events.on('messagesExpired', (event) => found.push(event));
    await publish(world, [1_000, 1_000], 'jobs:a');
    world.clock.advance(1_000);
    await (await connectWorker(world)).consume();
    await world.idle();
    expect(found).toEqual([{ channel: 'jobs:a', group: 'queue', count: 2, dropped: 0 }]);
  });
});

describe('at any time', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('publish' as const), ttl: fc.constantFrom(0, 500, 2_000) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(100, 500, 1_500) }),
    fc.record({ kind: fc.constant('read' as const), back: fc.nat(12) }),
  );

  it('a reader of the log receives exactly the messages that have not expired', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const world = await start();
      const expiries: number[] = [];
      for (const one of steps) {
        if (one.kind === 'pass') world.clock.advance(one.ms);
        else if (one.kind === 'publish') {
          await world.gateway.publish('chat:a', null, one.ttl === 0 ? {} : { ttl: one.ttl });
          expiries.push(one.ttl === 0 ? Number.POSITIVE_INFINITY : world.clock.now() + one.ttl);
        } else {
          const first = Math.max(0, expiries.length - one.back) + 1;
          const current = expiries.flatMap((expiry, at) =>
            at + 1 >= first && expiry > world.clock.now() ? [at + 1] : [],
          );
          const client = await connect(world);
          await client.result({ type: 'subscribe', channel: 'chat:a', rewind: one.back });
          await world.idle();
          const gaps = client.received.filter(({ type }) => type === 'gap');
          const received = client.received.flatMap((push) => (push.type === 'messages' ? push.messages : []));
          expect([received.map(({ offset }) => offset), gaps]).toEqual([current, []]);
          const { messages } = await client.result<HistoryResult>({
            type: 'history',
            channel: 'chat:a',
            after: first - 1,
          });
          expect(messages.map(({ offset }) => offset)).toEqual(current);
        }
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });
});
