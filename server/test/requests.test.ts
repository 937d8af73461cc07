import type { Failure } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const CHANNELS = {
  'sum:{id}': {
    allow: { request: 'users', respond: 'users', publish: 'users' },
    maxPayload: 1_000,
    requests: { timeout: '1s', maxTimeout: '5s', maxReplies: 20 },
  },
  'admin:{id}': { allow: { request: 'role:admin', respond: 'role:admin' } },
} as const;

const SUM = 'sum:1';

async function start(config: Parameters<typeof createWorld>[0] = {}) {
  const world = await createWorld({ channels: CHANNELS, ...config });
  const connect = async (user: string, claims: Record<string, unknown> = {}) =>
    world.connect(await tokenFor(user, { claims, clock: () => world.clock.now() }));
  return { world, connect };
}

async function pair(concurrency?: number) {
  const { world, connect } = await start();
  const [requester, responder] = [await connect('ada'), await connect('bob')];
  await responder.client.result({
    type: 'respond',
    channel: SUM,
    ...(concurrency === undefined ? {} : { concurrency }),
  });
  return { world, connect, requester, responder };
}

const answerTo = (peer: LoopbackPeer, id: number | undefined) =>
  peer.client.wait((message) => 'id' in message && message.id === id);

/** The requests that a responder has received. */
const requestsOf = ({ client }: LoopbackPeer) =>
  client.received.flatMap((message) => (message.type === 'requests' ? message.requests : []));

const pushesOf = ({ client }: LoopbackPeer) =>
  client.received.filter(({ type }) => type !== 'reply' && type !== 'error');

const ask = (peer: LoopbackPeer, data: unknown = 1, more: { channel?: string; timeout?: number } = {}) =>
  peer.client.send({ type: 'request', channel: SUM, data: data as never, ...more })[0];

async function nextRequest(world: World, peer: LoopbackPeer, at = 0): Promise<string> {
  await world.until(() => requestsOf(peer).length > at);
  return requestsOf(peer)[at]?.request ?? '';
}

describe('a request', () => {
  it('goes to a responder, and the reply comes back', async () => {
    const { world, requester, responder } = await pair();
    const id = ask(requester, { a: [1, 2] }, { timeout: 700 });
    const request = await nextRequest(world, responder);
    expect(requestsOf(responder)).toEqual([{ request, data: { a: [1, 2] }, timeout: 700, from: 'ada' }]);
    expect(await responder.client.result({ type: 'reply', request, data: 3 })).toEqual({});
    expect(await answerTo(requester, id)).toEqual({ type: 'reply', id, result: { data: 3 } });
    expect(world.services.requests.pending).toBe(0);
  });

  it('of which nobody responds is refused at once', async () => {
    const { connect } = await start();
    const { client } = await connect('ada');
    const answer = await client.request({ type: 'request', channel: SUM, data: 1 });
    expect(answer).toMatchObject({ error: { name: 'no_responders', message: `nobody responds on "${SUM}"` } });
  });

  it('streams replies, and ends with the last', async () => {
    const { world, requester, responder } = await pair();
    const id = ask(requester);
    const request = await nextRequest(world, responder);
    for (const data of ['a', 'b']) await responder.client.result({ type: 'reply', request, data, more: true });
    await responder.client.result({ type: 'reply', request });
    expect(await answerTo(requester, id)).toEqual({ type: 'reply', id, result: {} });
    expect(pushesOf(requester)).toEqual([
      { type: 'replies', request: id, replies: [{ data: 'a' }] },
      { type: 'replies', request: id, replies: [{ data: 'b' }] },
    ]);
  });

  it('times out without a reply, and the responder is notified', async () => {
    const { world, requester, responder } = await pair();
    const id = ask(requester);
    const request = await nextRequest(world, responder);
    world.clock.advance(1_000);
    expect(await answerTo(requester, id)).toMatchObject({ error: { name: 'request_timeout', retryable: true } });
    expect(await responder.client.push('cancelled')).toEqual({
      ...{ type: 'cancelled', channel: SUM, request, reason: 'timeout' },
    });
    const late = await responder.client.request({ type: 'reply', request, data: 1 });
    expect(late).toMatchObject({ error: { name: 'request_ended' } });
  });

  it('may take its timeout anew after each reply', async () => {
    const { world, requester, responder } = await pair();
    const id = ask(requester);
    const request = await nextRequest(world, responder);
    for (let at = 0; at < 3; at++) {
      world.clock.advance(900);
      await responder.client.result({ type: 'reply', request, data: at, more: true });
    }
    await responder.client.result({ type: 'reply', request, data: 'end' });
    expect(await answerTo(requester, id)).toMatchObject({ result: { data: 'end' } });
  });

  it('ends with the error of its responder', async () => {
    const { world, requester, responder } = await pair();
    const id = ask(requester);
    const request = await nextRequest(world, responder);
    const error = { code: 'too.many-terms', message: 'at most 2', data: { most: 2 } };
    await responder.client.result({ type: 'reply', request, error });
    const { error: received } = (await answerTo(requester, id)) as Failure;
    expect(received).toMatchObject({ name: 'responder_failed', retryable: false, responder: error });
    expect(received.message).not.toContain('at most 2');
  });

  it('is cancelled by its requester', async () => {
    const { world, requester, responder } = await pair();
    const id = ask(requester) ?? 0;
    const request = await nextRequest(world, responder);
    expect(await requester.client.result({ type: 'cancel', request: id })).toEqual({});
    expect(await answerTo(requester, id)).toMatchObject({ error: { name: 'request_cancelled' } });
    expect(await responder.client.push('cancelled')).toMatchObject({ request, reason: 'asked' });
    expect(await requester.client.result({ type: 'cancel', request: id })).toEqual({});
  });

  it.each<[string, (world: World, requester: LoopbackPeer) => unknown, string]>([
    ['disconnects', (_, { socket }) => socket.cut(), 'closed'],
    ['is revoked', (world) => world.gateway.revoke({ user: 'ada' }), 'closed'],
  ])('is cancelled when its requester %s', async (_, leave, reason) => {
    const { world, requester, responder } = await pair();
    ask(requester);
    const request = await nextRequest(world, responder);
    world.clock.advance(1);
    await leave(world, requester);
    expect(await responder.client.push('cancelled')).toMatchObject({ request, reason });
    expect(world.services.requests.pending).toBe(0);
  });

  it.each([false, true])('ends when its responder disconnects (in the middle of a stream: %s)', async (streams) => {
    const { world, requester, responder } = await pair();
    const id = ask(requester);
    const request = await nextRequest(world, responder);
    if (streams) await responder.client.result({ type: 'reply', request, data: 1, more: true });
    responder.socket.cut();
    expect(await answerTo(requester, id)).toMatchObject({ error: { name: 'responder_lost', retryable: true } });
    expect(await requester.client.request({ type: 'request', channel: SUM, data: 1 })).toMatchObject({
      error: { name: 'no_responders' },
    });
  });

  it('waits for a responder that is busy', async () => {
    const { world, requester, responder } = await pair(1);
    const ids = [ask(requester, 'first'), ask(requester, 'second')];
    const first = await nextRequest(world, responder);
    await world.idle();
    expect(requestsOf(responder)).toHaveLength(1);
    world.clock.advance(400);
    await responder.client.result({ type: 'reply', request: first, data: 1 });
    const second = await nextRequest(world, responder, 1);
    expect(requestsOf(responder)[1]).toMatchObject({ data: 'second', timeout: 600 });
    await responder.client.result({ type: 'reply', request: second, data: 2 });
    expect(await answerTo(requester, ids[1])).toMatchObject({ result: { data: 2 } });
  });

  it('ends if the last responder leaves while it waits', async () => {
    const { world, requester, responder } = await pair(1);
    const ids = [ask(requester), ask(requester)];
    await nextRequest(world, responder);
    await responder.client.result({ type: 'unrespond', channel: SUM });
    expect(await answerTo(requester, ids[1])).toMatchObject({ error: { name: 'no_responders' } });
  });

  it('goes to the responder with the fewest open requests', async () => {
    const { world, connect, requester, responder } = await pair();
    const other = await connect('cyd');
    await other.client.result({ type: 'respond', channel: SUM });
    for (let at = 0; at < 6; at++) ask(requester, at);
    await world.idle();
    expect([requestsOf(responder).length, requestsOf(other).length]).toEqual([3, 3]);
    for (const { request } of requestsOf(other)) await other.client.result({ type: 'reply', request, data: 0 });
    for (let at = 0; at < 3; at++) ask(requester, at);
    await world.idle();
    expect([requestsOf(responder).length, requestsOf(other).length]).toEqual([3, 6]);
  });
});

describe('a request is refused', () => {
  it.each<[string, Record<string, unknown>, string, string]>([
    ['without the permission', { channel: 'admin:1' }, 'permission_denied', '"request" on "admin:1" is not allowed'],
    ['on an unknown channel', { channel: 'nowhere' }, 'channel_unknown', 'nowhere'],
    ['with a timeout above the limit', { timeout: 5_001 }, 'command_invalid', 'may be at most 5000 ms'],
    ['with timeout 0', { timeout: 0 }, 'command_invalid', '"timeout" must be milliseconds'],
    ['without data', { data: undefined }, 'command_invalid', '"data" is required'],
    ['with data that is too large', { data: 'x'.repeat(1_000) }, 'payload_too_large', 'accepts at most 1000'],
  ])('%s', async (_, fields, name, message) => {
    const { requester } = await pair();
    const answer = await requester.client.request({ type: 'request', channel: SUM, data: 1, ...fields } as never);
    expect(answer).toMatchObject({ error: { name, message: expect.stringContaining(message) } });
  });

  it('if too many of the connection are unanswered', async () => {
    const { connect } = await start({ limits: { requests: 2 } });
    const [requester, responder] = [await connect('ada'), await connect('bob')];
    await responder.client.result({ type: 'respond', channel: SUM });
    ask(requester);
    ask(requester);
    const answer = await requester.client.request({ type: 'request', channel: SUM, data: 1 });
    expect(answer).toMatchObject({ error: { name: 'too_many_requests', retryable: true } });
  });

  it('if its id belongs to an unanswered one', async () => {
    const { requester } = await pair();
    const command = { type: 'request', id: 77, channel: SUM, data: 1 };
    requester.client.sendValue([command, command]);
    expect(await answerTo(requester, 77)).toMatchObject({ error: { name: 'command_invalid' } });
  });

  it('if a thousand wait', async () => {
    const { world, connect } = await start({ limits: { requests: 2_000, operations: 0 } });
    const [requester, responder] = [await connect('ada'), await connect('bob')];
    await responder.client.result({ type: 'respond', channel: SUM, concurrency: 1 });
    for (let at = 0; at <= 1_000; at++) ask(requester);
    await world.idle();
    const answer = await requester.client.request({ type: 'request', channel: SUM, data: 1 });
    expect(answer).toMatchObject({ error: { name: 'responders_busy', retryable: true } });
  });
});

describe('a responder', () => {
  it.each<[string, Record<string, unknown>, string, string]>([
    ['without the permission', { channel: 'admin:1' }, 'permission_denied', '"respond" on "admin:1" is not allowed'],
    ['twice', {}, 'already_subscribed', 'already responding on'],
    ['with concurrency 0', { concurrency: 0 }, 'command_invalid', '"concurrency" must be an integer from 1 to 1000'],
    ['with concurrency 10^9', { concurrency: 1e9 }, 'command_invalid', 'from 1 to 1000'],
  ])('is refused %s', async (_, fields, name, message) => {
    const { responder } = await pair();
    const answer = await responder.client.request({ type: 'respond', channel: SUM, ...fields } as never);
    expect(answer).toMatchObject({ error: { name, message: expect.stringContaining(message) } });
  });

  it('may answer what it has after it was withdrawn, and respond again', async () => {
    const { world, requester, responder } = await pair();
    const id = ask(requester);
    const request = await nextRequest(world, responder);
    await responder.client.result({ type: 'unrespond', channel: SUM });
    expect(await requester.client.request({ type: 'request', channel: SUM, data: 1 })).toMatchObject({
      error: { name: 'no_responders' },
    });
    await responder.client.result({ type: 'respond', channel: SUM });
    await responder.client.result({ type: 'reply', request, data: 'late' });
    expect(await answerTo(requester, id)).toMatchObject({ result: { data: 'late' } });
    expect(world.services.requests.responders).toBe(1);
    const again = await responder.client.request({ type: 'unrespond', channel: 'sum:2' });
    expect(again).toMatchObject({ error: { name: 'not_subscribed', message: 'not responding on "sum:2"' } });
  });

  it('leaves the others alone when it finishes and disconnects', async () => {
    const { world, connect, requester, responder } = await pair();
    const other = await connect('cyd');
    ask(requester);
    await nextRequest(world, responder);
    await other.client.result({ type: 'respond', channel: SUM });
    await responder.client.result({ type: 'unrespond', channel: SUM });
    responder.socket.cut();
    await world.idle();
    const id = ask(requester, 'second');
    await other.client.result({ type: 'reply', request: await nextRequest(world, other), data: 'other' });
    expect(await answerTo(requester, id)).toMatchObject({ result: { data: 'other' } });
  });

  it('ends with its permission, and so do its requests', async () => {
    const { world, connect } = await start();
    const [requester, responder] = [await connect('ada', { role: 'admin' }), await connect('bob', { role: 'admin' })];
    await responder.client.result({ type: 'respond', channel: 'admin:1' });
    const id = ask(requester, 1, { channel: 'admin:1' });
    await nextRequest(world, responder);
    await responder.client.result({
      type: 'refresh',
      token: await tokenFor('bob', { clock: () => world.clock.now() }),
    });
    expect(await responder.client.push('unresponded')).toMatchObject({ channel: 'admin:1', reason: 'permission' });
    expect(await answerTo(requester, id)).toMatchObject({ error: { name: 'responder_lost' } });
  });

  it('learns that its requester has lost the permission', async () => {
    const { world, connect } = await start();
    const [requester, responder] = [await connect('ada', { role: 'admin' }), await connect('bob', { role: 'admin' })];
    await responder.client.result({ type: 'respond', channel: 'admin:1' });
    const id = ask(requester, 1, { channel: 'admin:1' });
    const request = await nextRequest(world, responder);
    await requester.client.result({
      type: 'refresh',
      token: await tokenFor('ada', { clock: () => world.clock.now() }),
    });
    expect(await answerTo(requester, id)).toMatchObject({ error: { name: 'permission_denied' } });
    expect(await responder.client.push('cancelled')).toMatchObject({ request, reason: 'permission' });
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ['of another connection', { request: 'r-1', data: 1 }, 'request_ended', 'no open request "r-1"'],
    ['with an id that is no string', { request: 7, data: 1 }, 'command_invalid', '"request" must be a string'],
    ['with more and no data', { more: true }, 'command_invalid', 'a reply with "more" has some'],
    ['with more that is no boolean', { data: 1, more: 1 }, 'command_invalid', '"more" must be true or false'],
    ['with data and an error', { data: 1, error: { code: 'x' } }, 'command_invalid', '"error" goes neither with'],
    ['with an error without a code', { error: {} }, 'command_invalid', '"error.code" must be 1 to 64 characters'],
    ['with an error that is a text', { error: 'no' }, 'command_invalid', '"error" must be {'],
    [
      'with a message that is too long',
      { error: { code: 'x', message: 'x'.repeat(1_001) } },
      'command_invalid',
      '1000',
    ],
    ['with data that is no JSON value', { data: '\ud800' }, 'payload_invalid', 'lone surrogate'],
  ])('is refused a reply %s, and may reply again', async (_, fields, name, message) => {
    const { world, requester, responder } = await pair();
    const id = ask(requester);
    const request = await nextRequest(world, responder);
    const answer = await responder.client.request({ type: 'reply', request, ...fields } as never);
    expect(answer).toMatchObject({ error: { name, message: expect.stringContaining(message) } });
    await responder.client.result({ type: 'reply', request, data: 'ok' });
    expect(await answerTo(requester, id)).toMatchObject({ result: { data: 'ok' } });
  });

  it('cannot reply to the requests of another', async () => {
    const { world, requester, responder } = await pair();
    ask(requester);
    const request = await nextRequest(world, responder);
    const answer = await requester.client.request({ type: 'reply', request, data: 'forged' });
    expect(answer).toMatchObject({ error: { name: 'request_ended' } });
  });

  it('ends a request with a reply that is too large', async () => {
    const { world, requester, responder } = await pair();
    const id = ask(requester);
    const request = await nextRequest(world, responder);
    const answer = await responder.client.request({ type: 'reply', request, data: 'x'.repeat(1_000) });
    expect(answer).toMatchObject({ error: { name: 'payload_too_large' } });
    expect(await answerTo(requester, id)).toMatchObject({
      error: { name: 'responder_failed', responder: { code: 'invalid_reply' } },
    });
  });

  it('ends a request with too many replies', async () => {
    const { world, requester, responder } = await pair();
    const id = ask(requester);
    const request = await nextRequest(world, responder);
    for (let at = 0; at < 20; at++) await responder.client.result({ type: 'reply', request, data: at, more: true });
    const answer = await responder.client.request({ type: 'reply', request, data: 20 });
    expect(answer).toMatchObject({ error: { name: 'request_ended', message: expect.stringContaining('at most 20') } });
    expect(await answerTo(requester, id)).toMatchObject({
      error: { name: 'responder_failed', responder: { code: 'too_many_replies' } },
    });
  });
});
