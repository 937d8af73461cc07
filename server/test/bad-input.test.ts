import { createHmac, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { SECRET, tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

async function connected(config: Parameters<typeof createWorld>[0] = {}): Promise<{ world: World } & LoopbackPeer> {
  const world = await createWorld(config);
  return { world, ...(await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }))) };
}

/** The error that the gateway answers. */
async function errorOf({ client }: LoopbackPeer): Promise<{ id?: number; name: string; message: string }> {
  const failure = await client.wait(({ type }) => type === 'error');
  if (failure.type !== 'error') throw new Error('no error');
  const { name, message } = failure.error;
  return { ...(failure.id === undefined ? {} : { id: failure.id }), name, message };
}

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
const publish = { type: 'publish', id: 7, channel: 'chat:a', data: 1 };
const subscribe = { type: 'subscribe', id: 7, channel: 'chat:a' };

describe('a frame in JSON', () => {
  it.each<[string, string]>([
    ['text that is not JSON', '{"type":'],
    ['nothing', ''],
    ['an empty array', '[]'],
    ['a trailing comma', '[{"type":"ping","id":1},]'],
    ['JSON and trailing text', '{"type":"ping","id":1} x'],
    ['a byte order mark', '\ufeff{"type":"ping","id":1}'],
    ['NaN', 'NaN'],
  ])('with %s is malformed', async (_, text) => {
    const peer = await connected();
    peer.client.sendBytes(text);
    expect(await errorOf(peer)).toMatchObject({ name: 'frame_malformed' });
    expect(await peer.client.request({ type: 'ping' })).toMatchObject({ type: 'reply' });
  });

  it.each<[string, string]>([
    ['number', '1'],
    ['text', '"ping"'],
    ['null', 'null'],
    ['boolean', 'true'],
    ['array in an array', '[[{"type":"ping","id":1}]]'],
    ['object without id', '{"type":"ping"}'],
    ['id that is text', '{"type":"ping","id":"1"}'],
    ['id 0', '{"type":"ping","id":0}'],
    ['negative id', '{"type":"ping","id":-1}'],
    ['fractional id', '{"type":"ping","id":1.5}'],
    ['id beyond 2^53', '{"type":"ping","id":9007199254740992}'],
    ['infinite id', '{"type":"ping","id":1e999}'],
  ])('with a %s is not a command', async (_, text) => {
    const peer = await connected();
    peer.client.sendBytes(text);
    const { id, name } = await errorOf(peer);
    expect([id, name]).toEqual([undefined, 'command_invalid']);
  });

  it('that is binary is malformed', async () => {
    const peer = await connected();
    peer.client.sendBytes(Buffer.from('{"type":"ping","id":1}'));
    expect(await errorOf(peer)).toMatchObject({ name: 'frame_malformed', message: expect.stringContaining('text') });
  });

  it('is not quoted in the error', async () => {
    const peer = await connected();
    peer.client.sendBytes('{"token":"eyJhbGciOi-secret');
    expect((await errorOf(peer)).message).not.toContain('secret');
  });
});

describe('a command', () => {
  it.each<[string, Record<string, unknown>, string, string | RegExp]>([
    ['of an unknown type', { type: 'fly', id: 7 }, 'command_unknown', 'fly'],
    ['named like a property of every object', { type: 'toString', id: 7 }, 'command_unknown', 'toString'],
    ['named __proto__', { type: '__proto__', id: 7 }, 'command_unknown', '__proto__'],
    ['without a type', { id: 7 }, 'command_invalid', 'type'],
    ['with a type that is a number', { type: 1, id: 7 }, 'command_invalid', 'type'],
    ['subscribe without a channel', { type: 'subscribe', id: 7 }, 'command_invalid', 'channel'],
    ['subscribe with a channel that is a list', { ...subscribe, channel: ['chat:a'] }, 'command_invalid', 'channel'],
    ['subscribe with a negative rewind', { ...subscribe, rewind: -1 }, 'command_invalid', 'rewind'],
    ['subscribe with a rewind as text', { ...subscribe, rewind: '5' }, 'command_invalid', 'rewind'],
    ['subscribe with a fractional since', { ...subscribe, since: 1.5 }, 'command_invalid', 'since'],
    ['subscribe with rewind and since', { ...subscribe, rewind: 1, since: 1 }, 'command_invalid', /rewind.*since/],
    ['subscribe with a position that is text', { ...subscribe, position: 'a/1' }, 'command_invalid', 'position'],
    ['subscribe with a position that is null', { ...subscribe, position: null }, 'command_invalid', 'position'],
    [
      'subscribe with a position without epoch',
      { ...subscribe, position: { offset: 1 } },
      'command_invalid',
      'position',
    ],
    [
      'subscribe with a huge epoch',
      { ...subscribe, position: { epoch: 'x'.repeat(129), offset: 1 } },
      'command_invalid',
      'position',
    ],
    [
      'subscribe with a negative offset',
      { ...subscribe, position: { epoch: 'x', offset: -1 } },
      'command_invalid',
      'position',
    ],
    ['unsubscribe without a channel', { type: 'unsubscribe', id: 7 }, 'command_invalid', 'channel'],
    ['publish without data', { type: 'publish', id: 7, channel: 'chat:a' }, 'command_invalid', 'data'],
    ['publish with an empty event', { ...publish, event: '' }, 'command_invalid', 'event'],
    ['publish with a huge event', { ...publish, event: 'x'.repeat(129) }, 'command_invalid', 'event'],
    ['publish with an event that is a number', { ...publish, event: 1 }, 'command_invalid', 'event'],
    ['publish with tags that are a list', { ...publish, tags: ['a'] }, 'command_invalid', 'tags'],
    ['publish with a tag that is a number', { ...publish, tags: { a: 1 } }, 'command_invalid', 'tags.a'],
    ['publish with a huge tag', { ...publish, tags: { a: 'x'.repeat(257) } }, 'command_invalid', 'tags.a'],
    [
      'publish with 17 tags',
      { ...publish, tags: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [at, ''])) },
      'command_invalid',
      'tags',
    ],
    ['publish with an empty key', { ...publish, key: '' }, 'command_invalid', 'key'],
    ['publish with a huge key', { ...publish, key: 'x'.repeat(129) }, 'command_invalid', 'key'],
    ['publish of data with 65 levels', { ...publish, data: deep(65) }, 'payload_invalid', 'nested'],
    ['history with limit 0', { type: 'history', id: 7, channel: 'chat:a', limit: 0 }, 'command_invalid', 'limit'],
    [
      'history with limit 1,001',
      { type: 'history', id: 7, channel: 'chat:a', limit: 1_001 },
      'command_invalid',
      'limit',
    ],
    [
      'history with a negative after',
      { type: 'history', id: 7, channel: 'chat:a', after: -1 },
      'command_invalid',
      'after',
    ],
    [
      'history with after and before',
      { type: 'history', id: 7, channel: 'chat:a', after: 1, before: 3 },
      'command_invalid',
      /after.*before/,
    ],
    ['refresh without a token', { type: 'refresh', id: 7 }, 'command_invalid', 'token'],
    ['refresh with a token that is a number', { type: 'refresh', id: 7, token: 5 }, 'command_invalid', 'token'],
    ['refresh with a huge token', { type: 'refresh', id: 7, token: 'x'.repeat(16_385) }, 'command_invalid', 'token'],
    ['connect with a huge name', { type: 'connect', id: 7, client: 'x'.repeat(129) }, 'command_invalid', 'client'],
    ['on a channel without a rule', { ...publish, channel: 'nowhere' }, 'channel_unknown', 'nowhere'],
    [
      "on another user's channel",
      { ...subscribe, channel: 'user:ben' },
      'permission_denied',
      /subscribe.*user:ben.*ada/,
    ],
    [
      'unsubscribe without a subscription',
      { type: 'unsubscribe', id: 7, channel: 'chat:a' },
      'not_subscribed',
      'chat:a',
    ],
    ['a second connect', { type: 'connect', id: 7 }, 'already_connected', /^The connection is already authenticated\./],
  ])('%s is refused', async (_, command, name, message) => {
    const peer = await connected();
    peer.client.sendValue(command);
    const error = await errorOf(peer);
    expect(error).toMatchObject({ id: 7, name });
    expect(error.message).toMatch(message);
    expect(await peer.client.request({ type: 'ping' })).toMatchObject({ type: 'reply' });
  });

  it.each(['', ':', 'a:', ':a', 'a::b', 'a b', 'ä', 'a/b', 'a*', '{a}', `a${'b'.repeat(200)}`, 'a\n', 'a"'])(
    'on a channel named %j is refused',
    async (channel) => {
      const peer = await connected();
      for (const type of ['subscribe', 'unsubscribe', 'publish', 'history'] as const) {
        const answer = await peer.client.request({ type, channel, data: 1 } as never);
        expect(answer).toMatchObject({ type: 'error', error: { name: 'channel_invalid' } });
      }
    },
  );

  it('on a pattern is refused, unless it subscribes', async () => {
    const peer = await connected();
    for (const type of ['publish', 'history'] as const) {
      const answer = await peer.client.request({ type, channel: '**', data: 1 } as never);
      expect(answer).toMatchObject({ type: 'error', error: { name: 'channel_invalid' } });
    }
    const answer = await peer.client.request({ type: 'subscribe', channel: '**' });
    expect(answer).toMatchObject({ type: 'error', error: { name: 'binding_missing' } });
  });

  it.each<[string, string, string]>([
    ['a number that is not finite', '1e999', 'data: '],
    ['a lone surrogate', '"\\ud800"', 'data: '],
    ['a lone surrogate deep inside', '{"a":[1,{"b":"\\udc00x"}]}', 'data.a[1].b'],
    ['a name with a lone surrogate', '{"\\ud800":1}', 'data'],
    ['a field named __proto__', '{"a":{"__proto__":{"admin":true}}}', 'data.a'],
  ])('publish of %s is refused, with the path', async (_, data, path) => {
    const peer = await connected();
    peer.client.sendBytes(`{"type":"publish","id":7,"channel":"chat:a","data":${data}}`);
    const { name, message } = await errorOf(peer);
    expect(name).toBe('payload_invalid');
    expect(message).toContain(path);
  });

  it('with unknown fields is executed', async () => {
    const { client } = await connected();
    client.sendValue({ ...publish, id: 70, priority: 'high', __proto__: null });
    expect(await client.wait((message) => 'id' in message && message.id === 70)).toMatchObject({
      type: 'reply',
      result: { offset: 1 },
    });
    client.sendBytes('{"type":"subscribe","id":8,"channel":"chat:a","__proto__":{"rewind":5}}');
    const reply = await client.wait((message) => 'id' in message && message.id === 8);
    expect(reply).toMatchObject({ type: 'reply', result: { offset: 1 } });
  });

  it('publish with the maximum depth is decoded by both codecs, live and from history', async () => {
    const { world, client } = await connected();
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    const binary = await world.connect(token, { protocols: ['sluice.v1.msgpack'] });
    await binary.client.result({ type: 'subscribe', channel: 'chat:a' });
    await client.result({ type: 'publish', channel: 'chat:a', data: deep(64) as never });
    expect(await binary.client.messages('chat:a', 1)).toMatchObject([{ data: deep(64) }]);
    const page = await binary.client.result({ type: 'history', channel: 'chat:a' });
    expect(page).toMatchObject({ messages: [{ data: deep(64) }] });
  });

  it('is refused with a message that shortens its content', async () => {
    const peer = await connected();
    const name = 'n'.repeat(5_000);
    peer.client.sendBytes(`{"type":"publish","id":7,"channel":"chat:a","data":{"${name}":1e999}}`);
    expect((await errorOf(peer)).message.length).toBeLessThan(300);
  });

  it.each<[string, number, string]>([
    ['JSON numbers that grow when they are serialized', 40_000, 'sluice.v1.json'],
    ['MessagePack that grows when it is converted to JSON', 40_000, 'sluice.v1.msgpack'],
  ])('publish is measured as JSON: %s', async (_, count, protocol) => {
    const world = await createWorld({
      channels: { 'chat:{room}': { allow: { '*': 'users' }, maxPayload: 100_000 } },
      limits: { maxFrame: 262_144 },
    });
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    const { client } = await world.connect(token, { protocols: [protocol] });
    if (protocol === 'sluice.v1.json') {
      // 4 bytes each, 8 characters after serialization.
      client.sendBytes(`{"type":"publish","id":7,"channel":"chat:a","data":[${'1e-6,'.repeat(15_000)}0]}`);
    } else {
      // One byte each, six as JSON.
      client.sendValue({ type: 'publish', id: 7, channel: 'chat:a', data: '\u0001'.repeat(count) });
    }
    const answer = await client.wait((message) => 'id' in message && message.id === 7);
    expect(answer).toMatchObject({ type: 'error', error: { name: 'payload_too_large' } });
  });
});

describe('a frame in MessagePack', () => {
  const open = async () => {
    const world = await createWorld();
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    return world.connect(token, { protocols: ['sluice.v1.msgpack'] });
  };
  const text = (value: string) => Buffer.concat([Buffer.from([0xa0 | value.length]), Buffer.from(value)]);
  const withData = (data: Buffer) =>
    Buffer.concat([
      Buffer.from([0x84]),
      ...[
        text('type'),
        text('publish'),
        text('id'),
        Buffer.from([7]),
        text('channel'),
        text('chat:a'),
        text('data'),
        data,
      ],
    ]);

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['half a map', Buffer.from([0x82, 0xa4])],
    ['more than one value', Buffer.from([0x80, 0x80])],
    ['an unassigned byte', Buffer.from([0xc1])],
    ['an array that claims to be huge', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
    ['a map that claims to be huge', Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff])],
    ['a string that claims to be huge', Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff])],
    ['bytes', withData(Buffer.from([0xc4, 2, 1, 2]))],
    ['an extension', withData(Buffer.from([0xd4, 5, 1]))],
    ['empty bytes', withData(Buffer.from([0xc4, 0]))],
    ['an empty extension', withData(Buffer.from([0xc7, 0, 5]))],
    ['a timestamp', withData(Buffer.from([0xd6, 0xff, 0, 0, 0, 0]))],
    ['a field named __proto__', withData(Buffer.concat([Buffer.from([0x81]), text('__proto__'), Buffer.from([1])]))],
    ['an empty array', Buffer.from([0x90])],
  ])('with %s is malformed', async (_, bytes) => {
    const peer = await open();
    peer.client.sendBytes(bytes);
    expect(await errorOf(peer)).toMatchObject({ name: 'frame_malformed' });
    expect(await peer.client.request({ type: 'ping' })).toMatchObject({ type: 'reply' });
  });

  it.each<[string, Buffer, string]>([['NaN', Buffer.from([0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]), 'payload_invalid']])(
    'with %s is refused',
    async (_, data, name) => {
      const peer = await open();
      peer.client.sendBytes(withData(data));
      expect(await errorOf(peer)).toMatchObject({ id: 7, name });
    },
  );

  it('that is text is malformed', async () => {
    const peer = await open();
    peer.client.sendBytes('{"type":"ping","id":1}');
    expect(await errorOf(peer)).toMatchObject({ name: 'frame_malformed', message: expect.stringContaining('binary') });
  });
});

describe('a connection', () => {
  it('that does not authenticate is closed after the timeout', async () => {
    const world = await createWorld();
    const { client } = world.open();
    world.clock.advance(4_999);
    expect(world.services.registry.size).toBe(1);
    world.clock.advance(1);
    expect(await client.ended()).toEqual({ code: 4003, reason: expect.stringMatching(/^connect_timeout: ./) });
    expect(world.services.registry.size).toBe(0);
  });

  it('that has authenticated is not closed by the timeout', async () => {
    const { world } = await connected();
    world.clock.advance(60_000);
    expect(world.services.registry.size).toBe(1);
  });

  it('whose first command is not connect is closed', async () => {
    const world = await createWorld();
    const peer = world.open();
    peer.client.sendValue([
      { type: 'ping', id: 3 },
      { type: 'connect', id: 4 },
    ]);
    expect(await peer.client.ended()).toEqual({ code: 4207, reason: expect.stringMatching(/^connect_required: ./) });
    expect(peer.client.received).toMatchObject([{ type: 'error', id: 3, error: { name: 'connect_required' } }]);
  });

  it('receives an error for a malformed first frame, and may retry', async () => {
    const world = await createWorld();
    const peer = world.open();
    peer.client.sendBytes('?');
    expect(await errorOf(peer)).toMatchObject({ name: 'frame_malformed' });
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    expect(await peer.client.result({ type: 'connect', token })).toMatchObject({ user: 'ada' });
  });

  it('is closed after ten consecutive frames without a valid command', async () => {
    const { client } = await connected();
    for (let at = 0; at < 9; at++) client.sendBytes('?');
    await client.result({ type: 'ping' });
    for (let at = 0; at < 9; at++) client.sendValue([{ type: 'fly', id: 1 }, 5]);
    client.sendValue([5, { type: 'ping', id: 100 }]);
    for (let at = 0; at < 9; at++) client.sendBytes('?');
    await client.wait((message) => 'id' in message && message.id === 100);
    client.sendBytes('?');
    expect(await client.ended()).toEqual({ code: 4209, reason: expect.stringMatching(/^protocol_violation: ./) });
    expect(client.received.filter(({ type }) => type === 'error')).toHaveLength(9 + 18 + 1 + 10);
  });

  it('is closed for one frame full of invalid commands, without an answer to each', async () => {
    const { client } = await connected();
    client.sendValue(Array.from({ length: 10_000 }, () => 1));
    expect(await client.ended()).toEqual({ code: 4209, reason: expect.stringMatching(/^protocol_violation: ./) });
    expect(client.received.length).toBeLessThan(200);
  });

  it('may subscribe to a channel only once, even within one frame', async () => {
    const { client } = await connected();
    const [first, second] = client.send(
      { type: 'subscribe', channel: 'chat:a' },
      { type: 'subscribe', channel: 'chat:a' },
    );
    expect(await client.wait((message) => 'id' in message && message.id === first)).toMatchObject({ type: 'reply' });
    expect(await client.wait((message) => 'id' in message && message.id === second)).toMatchObject({
      error: { name: 'already_subscribed' },
    });
  });

  it('may have at most the configured number of subscriptions, and another one after one has ended', async () => {
    const { client } = await connected({ limits: { subscriptions: 3 } });
    for (const room of ['a', 'b', 'c']) await client.result({ type: 'subscribe', channel: `chat:${room}` });
    expect(await client.request({ type: 'subscribe', channel: 'chat:d' })).toMatchObject({
      error: { name: 'too_many_subscriptions', message: expect.stringContaining('3') },
    });
    await client.result({ type: 'unsubscribe', channel: 'chat:a' });
    await client.result({ type: 'subscribe', channel: 'chat:d' });
  });
});

describe('while its token is being verified, a connection', () => {
  const ping = (id: number) => ({ type: 'ping', id });

  /** A token that is not verified within the call, because its header has a field that it needs not have. */
  const lateToken = (now: number) =>
    new SignJWT()
      .setProtectedHeader({ alg: 'HS256', cty: 'none' })
      .setSubject('ada')
      .setExpirationTime(Math.floor(now / 1000) + 3_600)
      .sign(new TextEncoder().encode(SECRET));

  it('may send more commands, which are executed in order afterwards', async () => {
    const world = await createWorld();
    const token = await lateToken(world.clock.now());
    const { client } = world.open();
    client.send({ type: 'connect', token }, { type: 'subscribe', channel: 'chat:a' });
    client.send({ type: 'publish', channel: 'chat:a', data: 1 });
    await client.messages('chat:a', 1);
    expect(client.received.map((message) => ('id' in message ? message.id : message.type))).toEqual([
      1,
      2,
      3,
      'messages',
    ]);
  });

  it('is closed if it sends more than a thousand commands', async () => {
    const world = await createWorld();
    const token = await lateToken(world.clock.now());
    const { client } = world.open();
    client.sendValue([{ type: 'connect', id: 1, token }, ...Array.from({ length: 1_000 }, (_, at) => ping(at + 2))]);
    client.sendValue(ping(2_000));
    expect(await client.ended()).toEqual({ code: 4007, reason: expect.stringMatching(/^flood: ./) });
    await world.idle();
    expect(world.services.registry.size).toBe(0);
  });

  it('may send a thousand commands', async () => {
    const world = await createWorld();
    const token = await lateToken(world.clock.now());
    const { client } = world.open();
    client.sendValue([{ type: 'connect', id: 1, token }, ...Array.from({ length: 1_000 }, (_, at) => ping(at + 2))]);
    await client.wait((message) => 'id' in message && message.id === 1_001);
  });

  it('is closed if it sends more bytes than the frame limit', async () => {
    const world = await createWorld({ limits: { maxFrame: 4_096 } });
    const token = await lateToken(world.clock.now());
    const { client } = world.open();
    client.sendValue({ type: 'connect', id: 1, token });
    for (let at = 0; at < 2; at++)
      client.sendValue({ type: 'publish', id: at + 2, channel: 'chat:a', data: 'x'.repeat(2_100) });
    expect(await client.ended()).toEqual({ code: 4007, reason: expect.stringMatching(/^flood: ./) });
  });

  it('may disconnect without leaving any state', async () => {
    const world = await createWorld();
    const timers = world.clock.running;
    const token = await lateToken(world.clock.now());
    const { client, socket } = world.open();
    client.send({ type: 'connect', token }, { type: 'subscribe', channel: 'chat:a' });
    socket.cut();
    for (let turn = 0; turn < 5; turn++) await world.idle();
    const { hub, registry } = world.services;
    expect([registry.size, hub.size, world.clock.running]).toEqual([0, 0, timers]);
  });
});

describe('a token', () => {
  const now = () => 1_700_000_000_000;
  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: 'ada', exp: now() / 1000 + 3_600 };
  const unsigned = `${base64({ alg: 'none' })}.${base64(claims)}.`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signed = `${base64({ alg: 'HS256' })}.${base64({ ...claims, sub: 'eve' })}`;

  const cases: [string, () => Promise<string> | string, number, string][] = [
    ['that has expired', () => tokenFor('ada', { clock: () => now() - 7_200_000 }), 4100, 'token_expired'],
    ['that is not active yet', () => tokenFor('ada', { clock: () => now() + 86_400_000 }), 4101, 'token_not_active'],
    ['that is not a JWT', () => 'hello', 4201, 'token_malformed'],
    ['that is empty', () => '', 4201, 'token_malformed'],
    ['without a signature', () => unsigned, 4202, 'token_algorithm'],
    ['with a signature and the algorithm "none"', () => `${unsigned}e30`, 4202, 'token_algorithm'],
    [
      'of another family of algorithms',
      () => new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(privateKey),
      4202,
      'token_algorithm',
    ],
    [
      'signed with another secret',
      () => tokenFor('ada', { secret: `${SECRET}?`, clock: now }),
      4204,
      'token_signature',
    ],
    [
      'with a signature of other claims',
      async () => `${signed}.${(await tokenFor('ada', { clock: now })).split('.')[2]}`,
      4204,
      'token_signature',
    ],
    [
      'without exp',
      () =>
        `${base64({ alg: 'HS256' })}.${base64({ sub: 'ada' })}.${createHmac('sha256', SECRET)
          .update(`${base64({ alg: 'HS256' })}.${base64({ sub: 'ada' })}`)
          .digest('base64url')}`,
      4205,
      'token_claims',
    ],
    ['with invalid caps', () => tokenFor('ada', { claims: { caps: 5 }, clock: now }), 4205, 'token_claims'],
  ];

  it.each(cases)('%s is refused, and the connection is closed with the same error', async (_, make, code, name) => {
    const world = await createWorld();
    const { client } = world.open();
    client.send({ type: 'connect', token: await make() }, { type: 'subscribe', channel: 'chat:a' });
    expect(await client.ended()).toEqual({ code, reason: expect.stringMatching(new RegExp(`^${name}: .`)) });
    expect(client.received).toMatchObject([{ type: 'error', id: 1, error: { code, name } }]);
    expect([world.services.registry.size, world.services.hub.size]).toEqual([0, 0]);
  });

  it('with an unknown kid is refused', async () => {
    const world = await createWorld({ keys: [{ secret: SECRET, kid: 'one' }] });
    const { client } = world.open();
    const { mintToken } = await import('../src/auth/mint.ts');
    const token = await mintToken({
      secret: SECRET,
      algorithm: 'HS256',
      kid: 'two',
      sub: 'ada',
      expiresIn: 60_000,
      clock: now,
    });
    client.send({ type: 'connect', token });
    expect(await client.ended()).toEqual({ code: 4203, reason: expect.stringMatching(/^token_key_unknown: ./) });
  });

  it('is required if anonymous connections are off', async () => {
    const { client } = (await createWorld()).open();
    client.send({ type: 'connect' });
    expect(await client.ended()).toEqual({ code: 4200, reason: expect.stringMatching(/^token_required: ./) });
  });

  it.each(cases.slice(0, 5))('%s does not refresh, and the old token stays valid', async (_, make, __, name) => {
    const { client } = await connected();
    expect(await client.request({ type: 'refresh', token: await make() })).toMatchObject({ error: { name } });
    await client.result({ type: 'subscribe', channel: 'chat:a' });
  });

  it('of another user does not refresh', async () => {
    const { world, client } = await connected();
    const token = await tokenFor('ben', { clock: () => world.clock.now() });
    expect(await client.request({ type: 'refresh', token })).toMatchObject({ error: { name: 'user_changed' } });
  });
});
