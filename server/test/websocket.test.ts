import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { RawSocket } from './support/raw-socket.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

let gateway: RealGateway;
let token: string;

beforeAll(async () => {
  gateway = await startGateway({ origins: ['https://app.example.com'], limits: { maxFrame: 4_096 } });
  token = await tokenFor('ada');
});

afterAll(() => gateway.stop());

/** The answer to a handshake that is refused. */
async function refusal(
  protocols: string[],
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, protocols, { headers });
  socket.on('error', () => {});
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, body };
}

describe('the handshake', () => {
  it('chooses the first subprotocol that it knows, in the order of the client', async () => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, [
      'graphql-ws',
      'sluice.v1.msgpack',
      'sluice.v1.json',
    ]);
    await once(socket, 'open');
    expect(socket.protocol).toBe('sluice.v1.msgpack');
    socket.terminate();
  });

  it('takes JSON from those who offer nothing', async () => {
    const { voice, socket } = await gateway.open(null);
    expect(socket.protocol).toBe('');
    expect(await voice.result({ type: 'connect', token })).toMatchObject({ user: 'ada' });
    socket.terminate();
  });

  it('refuses a client that offers only unknown subprotocols', async () => {
    const { status, body } = await refusal(['graphql-ws']);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ error: { name: 'command_invalid' } });
  });

  it('refuses pages of other origins, and says which setting would take them', async () => {
    const { status, body } = await refusal(['sluice.v1.json'], { origin: 'https://evil.example.com' });
    expect(status).toBe(403);
    expect(body).toContain('origins');
    expect(JSON.parse(body)).toMatchObject({ error: { name: 'origin_refused', code: 4313 } });
  });

  it.each(['https://app.example.com', undefined])('takes the origin %s', async (origin) => {
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, ['sluice.v1.json'], { headers });
    await once(socket, 'open');
    socket.terminate();
  });

  it('takes pages of the gateway itself', async () => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, ['sluice.v1.json'], {
      headers: { origin: gateway.url },
    });
    await once(socket, 'open');
    socket.terminate();
  });
});

describe('one channel', () => {
  it('carries the same messages to both codecs, live and from the past', async () => {
    const [text, binary] = await Promise.all([gateway.connect(token), gateway.connect(token, 'sluice.v1.msgpack')]);
    const channel = 'chat:both';
    const data = { text: 'привет 👋', list: [1, -2.5, 1e21, null, true, ''], nested: { 'a b': {} } };
    await text.voice.result({ type: 'publish', channel, data: 'past', event: 'said', tags: { lang: 'en' } });
    for (const { voice } of [text, binary]) await voice.result({ type: 'subscribe', channel, rewind: 1 });
    await text.voice.result({ type: 'publish', channel, data });
    await binary.voice.result({ type: 'publish', channel, data });
    const [heard, other] = await Promise.all([text.voice.messages(channel, 3), binary.voice.messages(channel, 3)]);
    expect(heard).toEqual(other);
    expect(heard).toMatchObject([
      { offset: 1, data: 'past', event: 'said', tags: { lang: 'en' }, from: 'ada' },
      { offset: 2, data },
      { offset: 3, data },
    ]);
  });

  it('gives a page of the past', async () => {
    const { voice } = await gateway.connect(token);
    const channel = 'chat:pages';
    for (let at = 1; at <= 5; at++) await voice.result({ type: 'publish', channel, data: at });
    expect(await voice.result({ type: 'history', channel, limit: 2 })).toMatchObject({
      head: 5,
      first: 1,
      messages: [{ data: 4 }, { data: 5 }],
    });
    expect(await voice.result({ type: 'history', channel, after: 1, limit: 2 })).toMatchObject({
      messages: [{ data: 2 }, { data: 3 }],
    });
  });

  it('goes on after a lost connection with one frame', async () => {
    const channel = 'chat:again';
    const first = await gateway.connect(token);
    await first.voice.result({ type: 'subscribe', channel });
    await first.voice.result({ type: 'publish', channel, data: 1 });
    const { epoch } = await first.voice.push('messages', channel);
    first.socket.terminate();
    const other = await gateway.connect(token);
    await other.voice.result({ type: 'publish', channel, data: 2 });
    const { voice } = await gateway.open();
    voice.say({ type: 'connect', token }, { type: 'subscribe', channel, position: { epoch, offset: 1 } });
    expect(await voice.messages(channel, 1)).toMatchObject([{ offset: 2, data: 2 }]);
    await voice.push('live', channel);
    expect(voice.heard.map(({ type }) => type)).toEqual(['reply', 'reply', 'messages', 'live']);
  });
});

describe('a frame that is too large', () => {
  it('closes the connection with the reason', async () => {
    const { voice } = await gateway.connect(token);
    voice.sayBytes(JSON.stringify({ type: 'publish', id: 9, channel: 'chat:a', data: 'x'.repeat(5_000) }));
    expect(await voice.ended()).toEqual({ code: 4208, reason: 'frame_too_large' });
  });

  it('far above the limit cuts the socket', async () => {
    const { voice } = await gateway.connect(token);
    voice.sayBytes('x'.repeat(100_000));
    expect((await voice.ended()).code).toBe(1006);
  });

  it('is one byte above the limit', async () => {
    const { voice } = await gateway.connect(token);
    const ping = (length: number) => JSON.stringify({ type: 'ping', id: 1 }).padEnd(length, ' ');
    voice.sayBytes(ping(4_096));
    await voice.wait((message) => message.type === 'reply' && message.id === 1);
    voice.sayBytes(ping(4_097));
    expect((await voice.ended()).code).toBe(4208);
  });
});

describe('a socket', () => {
  it('that is cut in the middle of a frame leaves nothing behind', async () => {
    const before = gateway.services.registry.size;
    const raw = new RawSocket(gateway.port);
    await raw.upgrade();
    expect(gateway.services.registry.size).toBe(before + 1);
    raw.socket.write(Buffer.from([0x81, 0xfe, 0x01]));
    raw.socket.destroy();
    await gateway.until(() => gateway.services.registry.size === before);
  });

  it('that breaks RFC 6455 is cut', async () => {
    const raw = new RawSocket(gateway.port);
    await raw.upgrade();
    raw.socket.write(Buffer.from([0xf1, 0x81, 0, 0, 0, 0, 0])); // reserved bits
    await once(raw.socket, 'close');
  });
});
