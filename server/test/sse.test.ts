import { ERRORS } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import type { LoopbackStream } from '../src/transport/loopback-stream.ts';
import { EventReader, type ReadEvent } from './support/event-reader.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const KEY = 'an-API-key-that-only-tests-know';

interface Reader {
  readonly stream: LoopbackStream;
  readonly parser: EventReader;
  /** Events since the last call, once the loop is idle. */
  events(): Promise<ReadEvent[]>;
  /** In short: `message 1`, `state live`, `gap 0>3`. */
  summary(): Promise<string[]>;
}

const short = ({ event, data }: ReadEvent): string => {
  if (event === 'message') return `${data.channel} ${JSON.stringify(data.data)}`;
  if (event === 'state') return `${data.channel} ${data.state}${data.reason === undefined ? '' : ` ${data.reason}`}`;
  const at = (position: unknown) => (position as { offset: number }).offset;
  return event === 'gap'
    ? `${data.channel} gap ${at(data.from)}>${at(data.to)} ${data.reason}`
    : `${event} ${data.name}`;
};

async function open(world: World, query: string, headers: Record<string, string> = {}): Promise<Reader> {
  const stream = await world.transport.stream({ path: '/sse', query, headers });
  const parser = new EventReader();
  const events = async () => {
    await world.idle();
    return parser.read(stream.take());
  };
  return { stream, parser, events, summary: async () => (await events()).map(short) };
}

async function start(config: ConfigInput = {}) {
  const world = await createWorld({ apiKeys: [{ name: 'backend', secret: KEY }], ...config });
  const bearer = async (user = 'ada', claims: object = {}) => ({
    authorization: `Bearer ${await tokenFor(user, { clock: () => world.clock.now(), ...claims })}`,
  });
  return { world, bearer };
}

const errorOf = ({ stream }: Reader) => {
  const { status, body } = stream.reply;
  return { status, ...(JSON.parse(String(body)).error as { name: string; message: string }) };
};

describe('an event stream', () => {
  it('begins with the state of each channel, and delivers messages as they are published', async () => {
    const { world, bearer } = await start();
    const reader = await open(world, 'channel=chat:a&channel=user:ada', await bearer());
    expect(reader.stream.reply).toMatchObject({
      status: 200,
      headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store, no-transform' },
    });
    expect(await reader.summary()).toEqual(['chat:a live', 'user:ada live']);
    await world.gateway.publish('chat:a', 'hello', { event: 'greeting' });
    const [event] = await reader.events();
    expect(event).toMatchObject({
      event: 'message',
      data: { channel: 'chat:a', offset: 1, event: 'greeting', data: 'hello', epoch: expect.any(String) },
    });
    await world.gateway.publish('user:ada', 1);
    await world.gateway.publish('chat:a', 2);
    expect(await reader.summary()).toEqual(['user:ada 1', 'chat:a 2']);
    expect(reader.parser.retry).toBeGreaterThanOrEqual(1_000);
  });

  it('resumes after the last event that its client has seen, on each channel', async () => {
    const { world, bearer } = await start();
    const headers = await bearer();
    const first = await open(world, 'channel=chat:a&channel=chat:b', headers);
    await world.gateway.publish('chat:a', 1);
    await world.gateway.publish('chat:b', 2);
    await first.events();
    first.stream.cut();
    await world.gateway.publish('chat:a', 3);
    await world.gateway.publish('chat:b', 4);
    const id = first.parser.lastEventId;
    for (const [query, more] of [
      ['channel=chat:b&channel=chat:a', { 'last-event-id': id }],
      [`channel=chat:b&channel=chat:a&lastEventId=${encodeURIComponent(id)}`, {}],
    ] as const) {
      const again = await open(world, query, { ...headers, ...more });
      const summary = await again.summary();
      expect(summary.filter((line) => !line.includes('live') && !line.includes('replaying')).sort()).toEqual([
        'chat:a 3',
        'chat:b 4',
      ]);
    }
  });

  it('reports gaps in order', async () => {
    const { world, bearer } = await start({
      channels: { 'chat:{room}': { allow: { '*': 'users' }, history: { count: 2, age: '1h' } } },
    });
    const headers = await bearer();
    const first = await open(world, 'channel=chat:a', headers);
    await first.events();
    first.stream.cut();
    for (const data of [1, 2, 3, 4]) await world.gateway.publish('chat:a', data);
    const again = await open(world, 'channel=chat:a', { ...headers, 'last-event-id': first.parser.lastEventId });
    expect(await again.summary()).toEqual([
      'chat:a replaying',
      'chat:a gap 0>2 retention',
      'chat:a 3',
      'chat:a 4',
      'chat:a live',
    ]);
  });

  it('reports a gap if it begins in the past of a channel without history', async () => {
    const { world, bearer } = await start({ channels: { 'chat:{room}': { allow: { '*': 'users' } } } });
    for (const data of [1, 2]) await world.gateway.publish('chat:a', data);
    const reader = await open(world, 'channel=chat:a&since=0', await bearer());
    expect(await reader.summary()).toEqual(['chat:a replaying', 'chat:a gap 0>2 no_history', 'chat:a live']);
  });

  it.each([
    ['rewind=2', ['chat:a 2', 'chat:a 3']],
    ['since=0', ['chat:a 1', 'chat:a 2', 'chat:a 3']],
    ['', []],
  ])('begins at the requested position: %s', async (query, expected) => {
    const { world, bearer } = await start();
    for (const data of [1, 2, 3]) await world.gateway.publish('chat:a', data);
    const reader = await open(world, `channel=chat:a&${query}`, await bearer());
    expect((await reader.summary()).filter((line) => /\d$/.test(line))).toEqual(expected);
  });

  it('counts as a connection in limits, metrics and the registry', async () => {
    const { world, bearer } = await start({ limits: { connectionsPerUser: 1, connectionsPerAddress: 2 } });
    const headers = await bearer();
    const first = await open(world, 'channel=chat:a', headers);
    expect(world.services.registry.size).toBe(1);
    const second = await open(world, 'channel=chat:a', headers);
    expect(errorOf(second)).toMatchObject({ status: 429, name: 'too_many_connections' });
    expect(second.stream.reply.headers).toMatchObject({ 'Retry-After': '5' });
    expect(world.services.registry.size).toBe(1);
    first.stream.cut();
    expect(world.services.registry.size).toBe(0);
    expect((await open(world, 'channel=chat:a', headers)).stream.reply.status).toBe(200);
  });

  it('has limited memory under a slow reader, which misses nothing', async () => {
    const { world, bearer } = await start({ limits: { outbound: '256KiB' } });
    const reader = await open(world, 'channel=chat:a', await bearer());
    const other = await open(world, 'channel=chat:a', await bearer('bob'));
    await reader.events();
    reader.stream.stall();
    const count = 90;
    for (let n = 1; n <= count; n++) {
      await world.gateway.publish('chat:a', { n, pad: 'x'.repeat(10_000) });
      await world.idle();
    }
    const buffered = world.services.registry.all().map(({ connection }) => connection.buffered);
    expect(Math.max(reader.stream.held, ...buffered)).toBeLessThan(300_000);
    expect((await other.events()).filter(({ event }) => event === 'message')).toHaveLength(count);
    const seen: unknown[] = [];
    for (let round = 0; round < 40; round++) {
      reader.stream.unstall();
      seen.push(...(await reader.events()).filter(({ event }) => event === 'message').map(({ data }) => data.offset));
      reader.stream.stall();
    }
    expect(seen).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  });

  it('ends with an event when its token expires', async () => {
    const { world, bearer } = await start({ tokenGrace: 1_000 });
    const reader = await open(world, 'channel=chat:a', await bearer('ada', { expiresIn: 60_000 }));
    await reader.events();
    world.clock.advance(62_000);
    expect(await reader.summary()).toEqual(['error token_expired']);
    expect(reader.stream.ended).toBe(true);
  });

  it('ends with an event when its user is revoked', async () => {
    const { world, bearer } = await start();
    const reader = await open(world, 'channel=chat:a', await bearer());
    await reader.events();
    await world.gateway.revoke({ user: 'ada', before: world.clock.now() + 5_000 });
    expect(await reader.summary()).toEqual(['error token_revoked']);
  });

  it('ends in a drain without an error event', async () => {
    const { world, bearer } = await start();
    const reader = await open(world, 'channel=chat:a', await bearer());
    await reader.events();
    const closing = world.gateway.close();
    await world.idle();
    world.clock.advance(120_000);
    await closing;
    expect(await reader.summary()).toEqual([]);
    expect([reader.stream.ended, reader.parser.retry]).toEqual([true, 100]);
  });

  it('loses a channel that its user may no longer read, and reports why', async () => {
    const { world, bearer } = await start();
    const reader = await open(world, 'channel=chat:a&channel=user:ada', await bearer());
    await reader.events();
    await world.gateway.reload({
      ...world.assembly.config,
      channels: world.assembly.config.channels.filter(({ pattern }) => pattern.source !== 'chat:{room}'),
    });
    expect(await reader.summary()).toEqual(['chat:a unsubscribed permission']);
  });

  it('sends heartbeats', async () => {
    const { world, bearer } = await start({ heartbeat: '10s' });
    const reader = await open(world, 'channel=chat:a', await bearer());
    await reader.events();
    for (let second = 0; second < 21; second++) world.clock.advance(1_000);
    expect(reader.stream.take()).toBe(':\n:\n');
  });

  it('whose client disconnects before the answer is removed', async () => {
    const { world, bearer } = await start();
    const { stream } = await world.transport.request({
      path: '/sse',
      query: 'channel=chat:a',
      headers: await bearer(),
    });
    expect(world.services.registry.size).toBe(1);
    stream?.abandon();
    expect([world.services.registry.size, world.services.hub.size]).toEqual([0, 0]);
  });
});

describe('a request for an event stream', () => {
  it('with a token in its URL receives an error that explains where tokens belong', async () => {
    const { world } = await start();
    const reader = await open(world, 'channel=chat:a&access_token=x');
    expect(errorOf(reader).message).toContain('one-time "ticket"');
  });

  it.each<[string, string, Record<string, string>, keyof typeof ERRORS]>([
    ['no channel', '', {}, 'command_invalid'],
    ['an invalid channel', 'channel=a::b', {}, 'channel_invalid'],
    ['a channel without a rule', 'channel=nothing:here', {}, 'channel_unknown'],
    ["another user's channel", 'channel=chat:a&channel=user:bob', {}, 'permission_denied'],
    ['an unknown parameter', 'channel=chat:a&chanel=b', {}, 'command_invalid'],
    ['a token in the URL', 'channel=chat:a&token=x', {}, 'command_invalid'],
    ['a token under another name', 'channel=chat:a&ticket=eyJhbGciOiJIUzI1NiJ9.e30.abc', {}, 'command_invalid'],
    ['two starting points', 'channel=chat:a&since=1&rewind=1', {}, 'command_invalid'],
    ['an invalid rewind', 'channel=chat:a&rewind=-1', {}, 'command_invalid'],
    ['an invalid last id', 'channel=chat:a', { 'last-event-id': '17' }, 'command_invalid'],
    ['a mangled last id', 'channel=chat:a', { 'last-event-id': '1-abc' }, 'command_invalid'],
    ['a very long last id', 'channel=chat:a', { 'last-event-id': `1-${'x'.repeat(20_000)}` }, 'command_invalid'],
    ['a foreign page', 'channel=chat:a', { origin: 'https://evil.example' }, 'origin_refused'],
    [
      'too many channels',
      Array.from({ length: 101 }, (_, n) => `channel=chat:${n}`).join('&'),
      {},
      'too_many_subscriptions',
    ],
  ])('with %s is refused before the stream begins', async (_, query, headers, name) => {
    const { world, bearer } = await start();
    const reader = await open(world, query, { ...(await bearer()), ...headers });
    expect(errorOf(reader)).toMatchObject({ status: ERRORS[name].status, name });
    expect([world.services.registry.size, world.services.hub.size]).toEqual([0, 0]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['without a token', {}, 'token_required'],
    ['with a malformed token', { authorization: 'Bearer a.b.c' }, 'token_malformed'],
  ])('%s is refused', async (_, headers, name) => {
    const { world } = await start();
    expect(errorOf(await open(world, 'channel=chat:a', headers)).name).toBe(name);
    expect(world.services.registry.size).toBe(0);
  });

  it('is answered with 404 if streams are off', async () => {
    const { world, bearer } = await start({ sse: false });
    expect(errorOf(await open(world, 'channel=chat:a', await bearer())).status).toBe(404);
  });
});
