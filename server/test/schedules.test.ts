import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { PROGRAM } from '../src/auth/identity.ts';
import { DurableEngine } from '../src/engine/durable/durable-engine.ts';
import { EngineUnavailable } from '../src/engine/engine.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import type { Clock } from '../src/util/clock.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const LOBBY = 'chat:lobby';
const MINUTE = 60_000;

const CONFIG = {
  channels: {
    'chat:{room}': { allow: { '*': 'users' }, history: true, schedule: { maxDelay: '1h', max: 3 } },
    'plain:{id}': { allow: { '*': 'users' } },
    'free:{id}': { allow: { '*': 'users' }, history: true, schedule: {} },
    'jobs:{id}': { allow: { '*': 'users' }, queue: { maxLength: 1 }, schedule: {} },
  },
  apiKeys: [{ name: 'backend', secret: 'an-API-key-that-only-tests-know' }],
} as const;

async function start(options: Parameters<typeof createWorld>[1] = {}) {
  const world = await createWorld(CONFIG, options);
  const connect = async (user: string) =>
    (await world.connect(await tokenFor(user, { clock: () => world.clock.now() }))).client;
  return { world, connect, ada: await connect('ada') };
}

async function published(world: World, channel = LOBBY) {
  await world.idle();
  const { messages } = await world.services.log.read(channel, 0, 1_000);
  return messages.map(({ message }) => message);
}

const dataOf = async (world: World, channel?: string) => (await published(world, channel)).map(({ data }) => data);

describe('a scheduled message', () => {
  it('is published when it is due, as its author published it', async () => {
    const { world, ada } = await start();
    const now = world.clock.now();
    const scheduled = await ada.result({
      ...{ type: 'schedule', channel: LOBBY, delay: MINUTE },
      ...{ data: { text: 'hi' }, event: 'said', tags: { lang: 'en' } },
    });
    expect(scheduled).toEqual({ id: expect.any(String), at: now + MINUTE });
    world.clock.advance(MINUTE - 1);
    expect(await published(world)).toEqual([]);
    world.clock.advance(1);
    expect(await published(world)).toMatchObject([
      { data: { text: 'hi' }, event: 'said', tags: { lang: 'en' }, from: 'ada', time: now + MINUTE, offset: 1 },
    ]);
    expect(world.services.schedules.size).toBe(0);
  });

  it('comes in the order of the times, not of the commands', async () => {
    const { world, ada } = await start();
    const now = world.clock.now();
    for (const [data, at] of [
      ['c', 3],
      ['a', 1],
      ['b', 2],
    ] as const) {
      await ada.result({ type: 'schedule', channel: LOBBY, data, at: now + at * 1_000 });
    }
    world.clock.advance(10_000);
    expect(await dataOf(world)).toEqual(['a', 'b', 'c']);
  });

  it('waits behind an earlier one that its channel refuses for now', async () => {
    const { world, ada } = await start();
    const channel = 'jobs:a';
    await ada.result({ type: 'publish', channel, data: 'full' });
    for (const [data, delay] of [
      ['first', 1_000],
      ['second', 1_500],
    ] as const) {
      await ada.result({ type: 'schedule', channel, data, delay });
    }
    world.clock.advance(1_000);
    await world.idle();
    const seen: unknown[] = [];
    world.gateway.consume(channel, ({ message }) => void seen.push(message.data));
    for (let step = 0; step < 30; step++) {
      world.clock.advance(100);
      await world.idle();
    }
    expect(seen).toEqual(['full', 'first', 'second']);
  });

  it('is withdrawn by its author only', async () => {
    const { world, ada, connect } = await start();
    const { id } = await ada.result<{ id: string }>({ type: 'schedule', channel: LOBBY, data: 1, delay: 1_000 });
    const bob = await connect('bob');
    const command = { type: 'unschedule', channel: LOBBY, message: id } as const;
    expect(await bob.request(command)).toMatchObject({ error: { name: 'not_scheduled' } });
    expect(await ada.request({ ...command, channel: 'chat:other' })).toMatchObject({
      error: { name: 'not_scheduled' },
    });
    expect(await ada.result(command)).toEqual({});
    expect(await ada.request(command)).toMatchObject({ error: { name: 'not_scheduled' } });
    world.clock.advance(MINUTE);
    expect(await published(world)).toEqual([]);
  });

  it('is scheduled once with its key', async () => {
    const { world, ada } = await start();
    const command = { type: 'schedule', channel: LOBBY, data: 1, delay: 1_000, key: 'k' } as const;
    const first = await ada.result(command);
    world.clock.advance(500);
    expect(await ada.result(command)).toEqual(first);
    world.clock.advance(MINUTE);
    expect(await dataOf(world)).toEqual([1]);
    // The key still names the first one, although it was published.
    expect(await ada.result(command)).toEqual(first);
    world.clock.advance(MINUTE);
    expect(await dataOf(world)).toEqual([1]);
  });

  it('is answered like the first time with its key, although its time has passed or no more may wait', async () => {
    const { world, ada } = await start();
    const at = world.clock.now() + 1_000;
    const command = { type: 'schedule', channel: LOBBY, data: 1, at, key: 'k' } as const;
    const first = await ada.result(command);
    for (const key of ['k2', 'k3']) await ada.result({ ...command, at: at + MINUTE, key });
    expect(await ada.result(command)).toEqual(first);
    world.clock.advance(1_001);
    expect(await dataOf(world)).toEqual([1]);
    expect(await ada.result(command)).toEqual(first);
    const other = await ada.request({ ...command, key: 'another' });
    expect(other).toMatchObject({
      error: { name: 'command_invalid', message: expect.stringContaining('in the past') },
    });
    expect(await dataOf(world)).toEqual([1]);
  });

  it('is scheduled again with its key after it was withdrawn', async () => {
    const { world, ada } = await start();
    const command = { type: 'schedule', channel: LOBBY, data: 1, delay: 1_000, key: 'k' } as const;
    const ids = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const scheduled = await ada.result<{ id: string }>(command);
      expect(await ada.result(command)).toEqual(scheduled);
      ids.add(scheduled.id);
      if (round < 3) await ada.result({ type: 'unschedule', channel: LOBBY, message: scheduled.id });
    }
    expect(ids.size).toBe(4);
    expect(world.services.schedules.size).toBe(1);
    world.clock.advance(MINUTE);
    expect(await dataOf(world)).toEqual([1]);
    expect(ids).toContain((await ada.result<{ id: string }>(command)).id);
  });

  it('is refused if it was withdrawn too often with its key', async () => {
    const { ada } = await start();
    const command = { type: 'schedule', channel: LOBBY, data: 1, delay: 1_000, key: 'k' } as const;
    for (let round = 0; round < 16; round++) {
      const { id } = await ada.result<{ id: string }>(command);
      await ada.result({ type: 'unschedule', channel: LOBBY, message: id });
    }
    const message = expect.stringContaining('were withdrawn within an hour. Use another key');
    expect(await ada.request(command)).toMatchObject({ error: { name: 'command_invalid', message } });
  });

  it('has a key of its own on each channel, and for each publisher', async () => {
    const { world, ada } = await start();
    const body = { data: 1, delay: 1_000, key: 'k' } as const;
    const ids = new Set<string>();
    for (const channel of ['free:a', 'free:b']) {
      ids.add((await ada.result<{ id: string }>({ type: 'schedule', channel, ...body })).id);
      const headers = { authorization: 'Bearer an-API-key-that-only-tests-know' };
      const request = { method: 'POST', path: '/api/v1/schedule', headers, body: { channel, ...body } };
      ids.add((JSON.parse(String((await world.transport.request(request)).body)) as { id: string }).id);
    }
    expect(ids.size).toBe(4);
    world.clock.advance(MINUTE);
    expect(await dataOf(world, 'free:b')).toEqual([1, 1]);
  });

  it('follows the wall clock when it is set', async () => {
    const { world, ada } = await start();
    await ada.result({ type: 'schedule', channel: LOBBY, data: 1, delay: 50 * MINUTE });
    world.clock.set(50 * MINUTE);
    world.clock.advance(MINUTE);
    expect(await dataOf(world)).toEqual([1]);
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ['without a time', {}, 'command_invalid', 'one of "delay" and "at" must be given'],
    ['with two times', { delay: 1, at: 2 }, 'command_invalid', 'one of "delay" and "at" must be given'],
    ['with a negative delay', { delay: -1 }, 'command_invalid', '"delay" must be milliseconds'],
    ['in the past', { at: 1 }, 'command_invalid', '"at" is in the past'],
    ['beyond the limit', { delay: 61 * MINUTE }, 'command_invalid', 'delayed by at most 3600000 ms'],
    ['on a channel without schedule', { channel: 'plain:1', delay: 1 }, 'command_invalid', 'has no "schedule"'],
    ['on an unknown channel', { channel: 'nowhere', delay: 1 }, 'channel_unknown', 'nowhere'],
    ['with an expected head', { delay: 1, if: { offset: 0 } }, 'command_invalid', '"if" is not for scheduled'],
    ['without data', { delay: 1, data: undefined }, 'command_invalid', '"data" is required'],
  ])('is refused %s', async (_, fields, name, message) => {
    const { ada } = await start();
    const answer = await ada.request({ type: 'schedule', channel: LOBBY, data: 1, ...fields } as never);
    expect(answer).toMatchObject({ error: { name, message: expect.stringContaining(message) } });
  });

  it('is refused if too many wait, until one is published', async () => {
    const { world, ada } = await start();
    const command = { type: 'schedule', channel: LOBBY, data: 1, delay: 1_000 } as const;
    for (let at = 0; at < 3; at++) await ada.result(command);
    expect(await ada.request(command)).toMatchObject({ error: { name: 'too_many_scheduled', retryable: true } });
    world.clock.advance(1_000);
    await world.idle();
    await ada.result(command);
  });

  it('is dropped with a fault if its channel has no rule any more', async () => {
    const { world, ada } = await start();
    const faults: string[] = [];
    world.services.events.on('fault', ({ where }) => faults.push(where));
    await ada.result({ type: 'schedule', channel: LOBBY, data: 1, delay: 1_000 });
    const { channels } = world.assembly.config;
    await world.gateway.reload({
      ...world.assembly.config,
      channels: channels.filter(({ pattern }) => pattern.source !== 'chat:{room}'),
    });
    world.clock.advance(MINUTE);
    await world.idle();
    expect([faults, world.services.schedules.size]).toEqual([['schedules'], 0]);
  });

  it('is scheduled and withdrawn over HTTP', async () => {
    const { world } = await start();
    const headers = { authorization: 'Bearer an-API-key-that-only-tests-know' };
    const call = async (path: string, body: unknown) => {
      const reply = await world.transport.request({ method: 'POST', path: `/api/v1/${path}`, headers, body });
      return { status: reply.status, body: JSON.parse(String(reply.body)) as { id: string } };
    };
    const first = await call('schedule', { channel: LOBBY, data: 1, delay: 1_000 });
    expect(first).toMatchObject({ status: 200, body: { at: world.clock.now() + 1_000 } });
    await call('schedule', { channel: LOBBY, data: 2, delay: 1_000 });
    expect(await call('unschedule', { channel: LOBBY, message: first.body.id })).toEqual({ status: 200, body: {} });
    expect(await call('unschedule', { channel: LOBBY, message: first.body.id })).toMatchObject({ status: 404 });
    expect(await call('schedule', [1])).toMatchObject({ status: 400 });
    world.clock.advance(1_000);
    expect(await dataOf(world)).toEqual([2]);
  });
});

/** An engine in memory that several gateways use one after the other, or at the same time. */
class SharedEngine extends MemoryEngine {
  override close(): void {}
}

describe('scheduled messages', () => {
  it('survive a restart of the gateway, with an engine that does', async () => {
    const first = await createWorld(CONFIG, { engine: (clock) => new SharedEngine({ clock }) });
    const { engine } = first.assembly;
    const request = {
      channel: LOBBY,
      draft: { data: 1 },
      by: PROGRAM,
    };
    await first.services.schedules.schedule({ ...request, allowance: null }, { delay: 1_000 });
    await first.services.schedules.schedule({ ...request, draft: { data: 2 }, allowance: null }, { delay: 90 * 1_000 });
    const closing = first.gateway.close();
    first.clock.advance(MINUTE);
    await closing;
    const second = await createWorld(CONFIG, { engine: () => engine });
    second.clock.advance(MINUTE);
    expect(await dataOf(second)).toEqual([1]);
    second.clock.advance(MINUTE);
    expect(await dataOf(second)).toEqual([1, 2]);
  });

  it('are read again until the engine is back', async () => {
    let isAway = false;
    class Fragile extends MemoryEngine {
      override start(listener: Parameters<MemoryEngine['start']>[0]): void {
        super.start({ ...listener, deliver: (...news) => isAway || listener.deliver(...news) });
      }

      override read(...args: Parameters<MemoryEngine['read']>) {
        if (isAway) throw new EngineUnavailable('away');
        return super.read(...args);
      }
    }
    const world = await createWorld(CONFIG, { engine: (clock) => new Fragile({ clock }) });
    const faults: unknown[] = [];
    world.services.events.on('fault', (fault) => faults.push(fault));
    const { schedules, log } = world.services;
    const record = {
      kind: 'scheduled',
      at: world.clock.now() + 5_000,
      channel: LOBBY,
      data: 1,
      run: 'of another node',
    };
    isAway = true;
    // Another node schedules while this one cannot read.
    await log.append(
      '#schedules',
      { id: 's', time: world.clock.now(), data: record },
      { retention: { count: 9, age: MINUTE }, window: 0 },
    );
    schedules.interrupted();
    await world.idle();
    world.clock.advance(1_000);
    await world.idle();
    expect(schedules.size).toBe(0);
    isAway = false;
    world.clock.advance(1_000);
    await world.idle();
    expect(schedules.size).toBe(1);
    world.clock.advance(MINUTE);
    expect(await dataOf(world)).toEqual([1]);
    expect(faults).toEqual([]);
  });

  it('are published once each, in the order of their times, by two nodes', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ node: fc.nat(1), delay: fc.integer({ min: 1, max: 2_000 }), pass: fc.nat(300) }), {
          maxLength: 30,
          size: 'max',
        }),
        async (steps) => {
          const listeners: Parameters<MemoryEngine['start']>[0][] = [];
          class Both extends SharedEngine {
            override start(listener: Parameters<MemoryEngine['start']>[0]): void {
              listeners.push(listener);
              super.start({
                ...listener,
                deliver: (...news) => {
                  for (const each of listeners) each.deliver(...news);
                },
              });
            }
          }
          const one = await createWorld(CONFIG, { engine: (clock) => new Both({ clock }) });
          const two = await createWorld(CONFIG, { engine: () => one.assembly.engine });
          const due: number[] = [];
          for (const { node, delay, pass } of steps) {
            const { schedules, clock } = (node === 0 ? one : two).services;
            due.push(clock.now() + delay);
            await schedules.schedule(
              {
                ...{ channel: 'free:1', draft: { data: due.length - 1 }, allowance: null },
                by: PROGRAM,
              },
              { delay },
            );
            for (const world of [one, two]) world.clock.advance(pass);
            await nextTurn();
          }
          for (let at = 0; at < 30; at++) {
            for (const world of [one, two]) world.clock.advance(100);
            await one.idle();
          }
          const data = (await dataOf(one, 'free:1')) as number[];
          expect([...data].sort((a, b) => a - b)).toEqual(due.map((_, at) => at));
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('on the durable engine, scheduled messages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-schedules-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('survive a restart of the process', async () => {
    const data = join(folder, 'data');
    const engine = (clock: Clock) => new DurableEngine({ data, maxSize: null, clock });
    const first = await createWorld(CONFIG, { engine });
    const request = { channel: LOBBY, allowance: null, by: PROGRAM };
    await first.services.schedules.schedule({ ...request, draft: { data: 'due' } }, { delay: 1_000 });
    await first.services.schedules.schedule({ ...request, draft: { data: 'later' } }, { delay: MINUTE });
    await first.gateway.close();
    const second = await createWorld(CONFIG, { engine });
    second.clock.advance(2_000);
    await expect.poll(() => dataOf(second)).toEqual(['due']);
    second.clock.advance(MINUTE);
    await expect.poll(() => dataOf(second)).toEqual(['due', 'later']);
    await second.gateway.close();
  });
});
