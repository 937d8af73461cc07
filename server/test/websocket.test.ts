import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createTransport } from '../src/assemble.ts';
import { parseConfig } from '../src/config/schema.ts';
import { RawSocket } from './support/raw-socket.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

let gateway: RealGateway;
let token: string;

beforeAll(async () => {
  gateway = await startGateway({ origins: ['https://app.example.com'], limits: { maxFrame: 4_096 } });
  token = await tokenFor('ada');
});

afterAll(() => gateway.stop());

/** The close of a refused WebSocket, and its subprotocol. */
async function refusal(protocols: string[], headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, protocols, { headers });
  const frames: unknown[] = [];
  socket.on('message', (data) => frames.push(data));
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return { code, reason: reason.toString('utf8'), protocol: socket.protocol, frames };
}

const EVIL = { origin: 'https://evil.example.com' };

describe('the handshake', () => {
  it("chooses the first supported subprotocol in the client's order", async () => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, [
      'graphql-ws',
      'sluice.v1.msgpack',
      'sluice.v1.json',
    ]);
    await once(socket, 'open');
    expect(socket.protocol).toBe('sluice.v1.msgpack');
    socket.terminate();
  });

  it('uses JSON if the client offers no subprotocol', async () => {
    const { client, socket } = await gateway.open(null);
    expect(socket.protocol).toBe('');
    expect(await client.result({ type: 'connect', token })).toMatchObject({ user: 'ada' });
    socket.terminate();
  });

  it('refuses a client that offers only unknown subprotocols, under the first of them', async () => {
    expect(await refusal(['graphql-ws', 'mqtt'])).toEqual({
      code: 4211,
      reason: expect.stringMatching(/^subprotocol_unknown: .*sluice\.v1\.json/),
      protocol: 'graphql-ws',
      frames: [],
    });
  });

  it.each<[string[], string]>([
    [['sluice.v1.json'], 'sluice.v1.json'],
    [['mqtt', 'sluice.v1.msgpack'], 'sluice.v1.msgpack'],
    [['mqtt'], 'mqtt'],
    [[], ''],
  ])('refuses pages of other origins, and reports their origin: %j', async (offered, protocol) => {
    const rejected: unknown[] = [];
    gateway.services.events.on('rejected', (event) => rejected.push(event));
    const before = gateway.services.registry.size;
    expect(await refusal(offered, EVIL)).toEqual({
      code: 4210,
      reason:
        'origin_refused: origin "https://evil.example.com" is not in "origins". Add the origin to "origins" in the configuration.',
      protocol,
      frames: [],
    });
    expect(rejected).toEqual([expect.objectContaining({ error: 'origin_refused' })]);
    expect(gateway.services.registry.size).toBe(before);
  });

  it('shortens an origin to fit into a close frame', async () => {
    const { code, reason } = await refusal([], { origin: `https://${'e'.repeat(2_000)}.example.com` });
    expect(code).toBe(4210);
    expect(reason).toContain('is not in "origins"');
  });

  it('ignores input of refused clients, and closes their connections', async () => {
    const opened: unknown[] = [];
    gateway.services.events.on('connectionOpened', (event) => opened.push(event));
    const raw = new RawSocket(gateway.port);
    await raw.upgrade('Origin: https://evil.example.com\r\n');
    await once(raw.socket, 'end');
    expect(raw.take()).toMatchObject([{ opcode: 8 }]);
    expect(opened).toEqual([]);
  });

  it('counts refused clients, and cuts them above the limit', async () => {
    const config = parseConfig({ host: '127.0.0.1', port: 0, keys: [{ secret: SECRET }], channels: {}, drain: 0 });
    const transport = createTransport(config, undefined, { refusedSockets: { most: 1 } });
    const full = await startGateway({ origins: [] }, { transport });
    const refused = async () => {
      const raw = new RawSocket(full.port);
      await raw.upgrade('Origin: https://evil.example.com\r\n');
      await raw.until(() => raw.socket.destroyed);
      return raw.take().map(({ opcode }) => opcode);
    };
    expect([await refused(), await refused()]).toEqual([[8], []]);
    const metrics = await (await fetch(`${full.url}/metrics`)).text();
    expect(metrics).toMatch(/^sluice_connections_refused 1$/m);
    await full.stop();
  });

  it.each(['https://app.example.com', undefined])('accepts the origin %s', async (origin) => {
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, ['sluice.v1.json'], { headers });
    await once(socket, 'open');
    socket.terminate();
  });

  it('accepts pages of the gateway itself', async () => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, ['sluice.v1.json'], {
      headers: { origin: gateway.url },
    });
    await once(socket, 'open');
    socket.terminate();
  });
});

describe('one channel', () => {
  it('delivers the same messages in both codecs, live and from history', async () => {
    const [text, binary] = await Promise.all([gateway.connect(token), gateway.connect(token, 'sluice.v1.msgpack')]);
    const channel = 'chat:both';
    const data = { text: 'привет 👋', list: [1, -2.5, 1e21, null, true, ''], nested: { 'a b': {} } };
    await text.client.result({ type: 'publish', channel, data: 'past', event: 'said', tags: { lang: 'en' } });
    for (const { client } of [text, binary]) await client.result({ type: 'subscribe', channel, rewind: 1 });
    await text.client.result({ type: 'publish', channel, data });
    await binary.client.result({ type: 'publish', channel, data });
    const [received, other] = await Promise.all([text.client.messages(channel, 3), binary.client.messages(channel, 3)]);
    expect(received).toEqual(other);
    expect(received).toMatchObject([
      { offset: 1, data: 'past', event: 'said', tags: { lang: 'en' }, from: 'ada' },
      { offset: 2, data },
      { offset: 3, data },
    ]);
  });

  it('returns a page of history', async () => {
    const { client } = await gateway.connect(token);
    const channel = 'chat:pages';
    for (let at = 1; at <= 5; at++) await client.result({ type: 'publish', channel, data: at });
    expect(await client.result({ type: 'history', channel, limit: 2 })).toMatchObject({
      head: 5,
      first: 1,
      messages: [{ data: 4 }, { data: 5 }],
    });
    expect(await client.result({ type: 'history', channel, after: 1, limit: 2 })).toMatchObject({
      messages: [{ data: 2 }, { data: 3 }],
    });
  });

  it('resumes after a lost connection with one frame', async () => {
    const channel = 'chat:again';
    const first = await gateway.connect(token);
    await first.client.result({ type: 'subscribe', channel });
    await first.client.result({ type: 'publish', channel, data: 1 });
    const { epoch } = await first.client.push('messages', channel);
    first.socket.terminate();
    const other = await gateway.connect(token);
    await other.client.result({ type: 'publish', channel, data: 2 });
    const { client } = await gateway.open();
    client.send({ type: 'connect', token }, { type: 'subscribe', channel, position: { epoch, offset: 1 } });
    expect(await client.messages(channel, 1)).toMatchObject([{ offset: 2, data: 2 }]);
    await client.push('live', channel);
    expect(client.received.map(({ type }) => type)).toEqual(['reply', 'reply', 'messages', 'live']);
  });
});

describe('a large frame', () => {
  it('above the limit closes the connection with the reason', async () => {
    const { client } = await gateway.connect(token);
    client.sendBytes(JSON.stringify({ type: 'publish', id: 9, channel: 'chat:a', data: 'x'.repeat(5_000) }));
    expect(await client.ended()).toEqual({ code: 4208, reason: expect.stringMatching(/^frame_too_large: ./) });
  });

  it('far above the limit cuts the socket', async () => {
    const { client } = await gateway.connect(token);
    client.sendBytes('x'.repeat(100_000));
    expect((await client.ended()).code).toBe(1006);
  });

  it('may be exactly as large as the limit', async () => {
    const { client } = await gateway.connect(token);
    const ping = (length: number) => JSON.stringify({ type: 'ping', id: 1 }).padEnd(length, ' ');
    client.sendBytes(ping(4_096));
    await client.wait((message) => message.type === 'reply' && message.id === 1);
    client.sendBytes(ping(4_097));
    expect((await client.ended()).code).toBe(4208);
  });
});

describe('a socket', () => {
  it('that is cut in the middle of a frame leaves no state', async () => {
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
