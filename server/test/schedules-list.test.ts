import { describe, expect, it } from 'vitest';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const LOBBY = 'chat:lobby';
const MINUTE = 60_000;
const BACKEND = 'an-API-key-that-only-tests-know';
const LIMITED = 'another-API-key-that-only-tests-know';

const CONFIG = {
  channels: {
    'chat:{room}': { allow: { '*': 'users' }, history: true, schedule: { max: 2_000 } },
    'jobs:{id}': { allow: { '*': 'users' }, queue: { maxLength: 1 }, schedule: {} },
    'plain:{id}': { allow: { '*': 'users' } },
  },
  apiKeys: [
    { name: 'backend', secret: BACKEND },
    { name: 'limited', secret: LIMITED, caps: { '**': ['publish', 'history'] } },
  ],
} as const;

interface Page {
  readonly messages: readonly { readonly id: string; readonly at: number; readonly data: unknown }[];
  readonly next?: string;
}

async function get(world: World, path: string, key = BACKEND) {
  const [name, query = ''] = path.split('?');
  const headers = { authorization: `Bearer ${key}` };
  const reply = await world.transport.request({ method: 'GET', path: `/api/v1/${name}`, query, headers });
  return { status: reply.status, body: JSON.parse(String(reply.body)) as Page };
}

describe('the list of what waits', () => {
  it('has the messages of one channel, in the order of their times', async () => {
    const world = await createWorld(CONFIG);
    const { client: ada } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    const now = world.clock.now();
    const { id } = await world.gateway.schedule(LOBBY, 'second', { delay: 2_000, tags: { a: 'b' } });
    await ada.result({ type: 'schedule', channel: LOBBY, data: 'first', event: 'said', at: now + 1_000, key: 'k' });
    await world.gateway.schedule('chat:other', 'elsewhere', { delay: 1_000 });
    const messages = [
      { id: expect.any(String), channel: LOBBY, data: 'first', event: 'said', at: now + 1_000, from: 'ada' },
      { id, channel: LOBBY, data: 'second', tags: { a: 'b' }, at: now + 2_000 },
    ];
    expect(await world.gateway.schedules(LOBBY)).toEqual({ messages });
    expect(await get(world, `channels/${LOBBY}/schedules`)).toEqual({ status: 200, body: { messages } });
  });

  it('comes in pages, which neither repeat nor omit what waits all the time', async () => {
    const world = await createWorld(CONFIG);
    const at = world.clock.now() + MINUTE;
    // Most of them are due at the same time.
    for (let data = 0; data < 25; data++) await world.gateway.schedule(LOBBY, data, { at: at + (data < 5 ? 1 : 0) });
    const seen: unknown[] = [];
    let next = '';
    for (let pages = 0; pages < 10; pages++) {
      const { body } = await get(world, `channels/${LOBBY}/schedules?limit=7${next}`);
      seen.push(...body.messages.map(({ data }) => data));
      await world.gateway.schedule(LOBBY, 'new', { delay: 1 });
      if (body.next === undefined) break;
      next = `&after=${body.next}`;
    }
    expect(seen.slice(-5).sort()).toEqual([0, 1, 2, 3, 4]);
    expect([...seen].sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 25 }, (_, data) => data));
  });

  it('ends a page that has become large', async () => {
    const world = await createWorld(CONFIG);
    for (let data = 0; data < 40; data++) await world.gateway.schedule(LOBBY, 'x'.repeat(30_000), { delay: MINUTE });
    const first = await world.gateway.schedules(LOBBY);
    expect(first.messages.length).toBeLessThan(40);
    const rest = await world.gateway.schedules(LOBBY, { after: first.next ?? '', limit: 1_000 });
    expect(new Set([...first.messages, ...rest.messages].map(({ id }) => id)).size).toBeGreaterThan(
      first.messages.length,
    );
  });

  it('has neither what was published nor what was withdrawn', async () => {
    const world = await createWorld(CONFIG);
    await world.gateway.schedule(LOBBY, 'published', { delay: 1_000 });
    const { id } = await world.gateway.schedule(LOBBY, 'withdrawn', { delay: MINUTE });
    await world.gateway.unschedule(LOBBY, id);
    world.clock.advance(1_000);
    await world.idle();
    expect(await world.gateway.schedules(LOBBY)).toEqual({ messages: [] });
  });

  it.each([
    ['without a key', `channels/${LOBBY}/schedules`, '', 401, 'unauthorized'],
    ['with a key that may not manage the channel', `channels/${LOBBY}/schedules`, LIMITED, 403, 'permission_denied'],
    ['of an unknown channel', 'channels/nowhere/schedules', BACKEND, 404, 'channel_unknown'],
    ['with a limit of 0', `channels/${LOBBY}/schedules?limit=0`, BACKEND, 400, 'command_invalid'],
    ['with an unknown option', `channels/${LOBBY}/schedules?before=1`, BACKEND, 400, 'command_invalid'],
    ['with a cursor of its own', `channels/${LOBBY}/schedules?after=x`, BACKEND, 400, 'command_invalid'],
    ['with a cursor of other values', `channels/${LOBBY}/schedules?after=WzEsMl0`, BACKEND, 400, 'command_invalid'],
  ])('is refused %s', async (_, path, key, status, name) => {
    const world = await createWorld(CONFIG);
    expect(await get(world, path, key)).toMatchObject({ status, body: { error: { name } } });
  });
});

describe('the program', () => {
  it('schedules once with a key, at a date', async () => {
    const world = await createWorld(CONFIG);
    const at = new Date(world.clock.now() + MINUTE);
    const first = await world.gateway.schedule(LOBBY, 1, { at, key: 'k' });
    expect(first.at).toBe(at.getTime());
    expect(await world.gateway.schedule(LOBBY, 1, { at, key: 'k' })).toEqual(first);
    expect((await world.gateway.schedules(LOBBY)).messages).toHaveLength(1);
  });

  it.each<[string, string, object, string, string]>([
    ['without a time', LOBBY, {}, 'command_invalid', 'one of "delay" and "at"'],
    ['with a date that is none', LOBBY, { at: new Date(Number.NaN) }, 'command_invalid', '"at" must be milliseconds'],
    ['on a channel without schedule', 'plain:1', { delay: 1 }, 'command_invalid', 'has no "schedule"'],
    ['on an unknown channel', 'nowhere', { delay: 1 }, 'channel_unknown', 'nowhere'],
    ['with an event that is none', LOBBY, { delay: 1, event: '' }, 'command_invalid', '"event"'],
  ])('is refused %s', async (_, channel, options, name, message) => {
    const world = await createWorld(CONFIG);
    await expect(world.gateway.schedule(channel, 1, options)).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
    });
  });

  it('cannot withdraw what does not wait, nor list an unknown channel or no messages', async () => {
    const { gateway } = await createWorld(CONFIG);
    await expect(gateway.unschedule(LOBBY, 'x')).rejects.toMatchObject({ name: 'not_scheduled' });
    await expect(gateway.schedules('nowhere')).rejects.toMatchObject({ name: 'channel_unknown' });
    await expect(gateway.schedules(LOBBY, { limit: 0 })).rejects.toMatchObject({ name: 'command_invalid' });
  });
});

describe('a channel that refuses messages for now', () => {
  it('delays its own messages only, and keeps their order', async () => {
    const world = await createWorld(CONFIG);
    for (const data of [1, 2, 3]) await world.gateway.schedule('jobs:a', data, { delay: data });
    await world.gateway.schedule(LOBBY, 'not delayed', { delay: 10 });
    world.clock.advance(10);
    await world.idle();
    const read = async (channel: string) =>
      (await world.services.log.read(channel, 0, 10)).messages.map(({ message }) => message.data);
    expect(await read(LOBBY)).toEqual(['not delayed']);
    const received: unknown[] = [];
    const stop = world.gateway.consume('jobs:a', async ({ message }) => {
      received.push(message.data);
    });
    for (let second = 0; second < 5; second++) {
      await world.idle();
      world.clock.advance(1_000);
    }
    await world.idle();
    expect(received).toEqual([1, 2, 3]);
    await stop();
  });
});
