import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, request, statuses } from './support/raw-http.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

const KEY = 'an-API-key-that-only-tests-know';
const MESSAGE = JSON.stringify({ channel: 'chat:a', data: 1 });
const AUTHORIZED = { Authorization: `Bearer ${KEY}` };
const LARGE = 3_000_000;

let folder: string;
let gateway: RealGateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bounds-'));
  writeFileSync(join(folder, 'index.html'), '<h1>hello</h1>');
  writeFileSync(join(folder, 'large.js'), Buffer.alloc(LARGE, 'x'));
  gateway = await startGateway({ static: folder, apiKeys: [{ name: 'backend', secret: KEY }] });
});

afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});

/** Number of messages in the channel of these tests. */
async function published(): Promise<number> {
  return (await gateway.services.log.read('chat:a', 0, 1_000)).messages.length;
}

describe('a request with an unwanted body', () => {
  const length = { 'Content-Length': '900000' };
  it.each<[string, string, Record<string, string>, number]>([
    ['an unknown path', 'POST /nowhere', length, 404],
    ['a method that is not allowed', 'PUT /api/v1/publish', length, 405],
    ['no credentials', 'POST /api/v1/publish', length, 401],
    ['a wrong API key', 'POST /api/v1/publish', { ...length, Authorization: 'Bearer wrong' }, 401],
    ['a wrong token', 'POST /api/v1/publish', { ...length, Authorization: 'Bearer a.b.c' }, 401],
    ['a length above the limit', 'POST /api/v1/publish', { ...AUTHORIZED, 'Content-Length': '1048577' }, 413],
    ['a compressed body', 'POST /api/v1/publish', { ...AUTHORIZED, ...length, 'Content-Encoding': 'gzip' }, 415],
    ['a form', 'POST /api/v1/publish', { ...AUTHORIZED, ...length, 'Content-Type': 'multipart/form-data' }, 415],
    ['a path that reads no body', 'GET /health/live', length, 200],
    ['a file', 'GET /', length, 200],
    ['chunks, and no credentials', 'POST /api/v1/revocations', { 'Transfer-Encoding': 'chunked' }, 401],
    ['drain, and no credentials', 'POST /api/v1/drain', length, 401],
  ])('is answered after its head, and the connection is closed: %s', async (_, line, headers, status) => {
    const { text, ended } = await exchange(gateway.port, request(line, headers));
    expect([statuses(text), ended]).toEqual([[status], true]);
    expect(text).toMatch(/^connection: close\r$/im);
  });

  it('keeps the connection open if the body was read', async () => {
    const headers = { ...AUTHORIZED, 'Content-Length': '9' };
    const { text, ended } = await exchange(gateway.port, request('POST /api/v1/publish', headers, '{"data":1'), {
      until: (received) => received.includes('frame_malformed'),
    });
    expect([statuses(text), ended, /^connection: close/im.test(text)]).toEqual([[400], false, false]);
  });
});

describe('a head', () => {
  // docs/operations.md: requests that the native parser refuses do not appear in the log.
  it.each([
    [98, 200],
    [99, 431],
  ])('of %d lines is answered with status %d', async (lines, status) => {
    const others = Array.from({ length: lines - 1 }, (_, at): [string, string] => [`X-Trace-${at}`, 'v']);
    const { text } = await exchange(gateway.port, request('GET /health/live', Object.fromEntries(others)), {
      until: (received) => statuses(received).length === 1,
    });
    expect(statuses(text)).toEqual([status]);
  });
});

describe('a body', () => {
  const chunked = { ...AUTHORIZED, 'Transfer-Encoding': 'chunked' };
  const whole = (text: string) => statuses(text).length === 1;

  it.each([
    ['a chunk of one byte each', 1, 200],
    ['chunks of 7 bytes', 7, 200],
  ])('may come in %s', async (_, size, status) => {
    const chunks = MESSAGE.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
    const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
    const { text } = await exchange(gateway.port, request('POST /api/v1/publish', chunked, `${body}0\r\n\r\n`), {
      until: whole,
    });
    expect(statuses(text)).toEqual([status]);
  });

  it('is refused before its end if it has too many tiny chunks', async () => {
    const { text, ended } = await exchange(
      gateway.port,
      request('POST /api/v1/publish', chunked, '1\r\nx\r\n'.repeat(5_000)),
    );
    expect([statuses(text), ended]).toEqual([[400], true]);
    expect(text).toContain('too many small chunks');
  });

  it('without a declared length is refused as soon as it exceeds the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const { text, ended } = await exchange(gateway.port, request('POST /api/v1/publish', chunked, chunk.repeat(17)));
    expect([statuses(text), ended]).toEqual([[413], true]);
  });

  it('of exactly the maximum size is accepted', async () => {
    const body = `${MESSAGE}${' '.repeat(1_048_576 - MESSAGE.length)}`;
    const headers = { ...AUTHORIZED, 'Content-Length': String(body.length) };
    const { text } = await exchange(gateway.port, request('POST /api/v1/publish', headers, body), { until: whole });
    expect(statuses(text)).toEqual([200]);
  });

  it('is refused while all bodies together exceed the budget, and accepted again afterwards', async () => {
    const small = await startGateway({ apiKeys: [{ name: 'b', secret: KEY }], limits: { unauthenticated: '1MiB' } });
    const slow = net.connect(small.port, '127.0.0.1');
    try {
      const headers = { ...AUTHORIZED, 'Content-Length': '900000' };
      slow.write(request('POST /api/v1/publish', headers, 'x'.repeat(600_000)));
      const publish = async () =>
        fetch(`${small.url}/api/v1/publish`, {
          method: 'POST',
          headers: AUTHORIZED,
          body: `${MESSAGE}${' '.repeat(600_000)}`,
        });
      let refused = await publish();
      while (refused.status === 200) refused = await publish(); // until the slow body has arrived
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await refused.json()).toMatchObject({
        error: { name: 'unavailable', retryable: true, retryAfter: 1_000 },
      });
      slow.destroy();
      let again = await publish();
      while (again.status === 503) again = await publish(); // until the gateway notices the disconnect
      expect(again.status).toBe(200);
    } finally {
      slow.destroy();
      await small.stop();
    }
  });
});

describe('an ambiguous request', () => {
  const twice = (name: string, one: string, two: string) => `${name}: ${one}\r\n${name}: ${two}\r\n`;
  const post = (lines: string, body = MESSAGE) =>
    `POST /api/v1/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\n${lines}\r\n${body}`;
  const length = `Content-Length: ${MESSAGE.length}\r\n`;
  it.each<[string, string]>([
    ['two lengths', post(twice('Content-Length', String(MESSAGE.length), '5'))],
    ['the same length twice', post(length + length)],
    ['a list of lengths', post(`Content-Length: ${MESSAGE.length}, ${MESSAGE.length}\r\n`)],
    ['an empty length', post('Content-Length: \r\n')],
    ['a signed length', post(`Content-Length: +${MESSAGE.length}\r\n`)],
    ['a length and a coding', post(`${length}Transfer-Encoding: chunked\r\n`)],
    ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')],
    ['two codings', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
    ['a coding twice', post(twice('Transfer-Encoding', 'chunked', 'chunked'), '0\r\n\r\n')],
    ['two hosts', post(`${length}Host: y\r\n`)],
    ['two hosts, and no body', request('GET /health/live').replace('\r\n\r\n', '\r\nHost: y\r\n\r\n')],
    ['two credentials', post(`${length}Authorization: Bearer other\r\n`)],
    ['two types', post(length + twice('Content-Type', 'application/json', 'text/plain'))],
    ['two origins', post(length + twice('Origin', 'http://a.test', 'http://b.test'))],
  ])('is refused, and nothing is published: %s', async (_, sent) => {
    const before = await published();
    const { text, ended } = await exchange(gateway.port, sent);
    expect([statuses(text), ended]).toEqual([[400], true]);
    expect(await published()).toBe(before);
  });

  it.each<[string, string]>([
    ['a chunk with an invalid size', post('Transfer-Encoding: chunked\r\n', `x\r\n${MESSAGE}\r\n0\r\n\r\n`)],
    [
      'a trailer',
      post('Transfer-Encoding: chunked\r\n', `${MESSAGE.length.toString(16)}\r\n${MESSAGE}\r\n0\r\nA: b\r\n\r\n`),
    ],
  ])('is refused by the native parser before it is executed: %s', async (_, sent) => {
    const before = await published();
    const { text, ended } = await exchange(gateway.port, sent);
    expect(ended).toBe(true);
    expect(statuses(text)).not.toContain(200);
    expect(await published()).toBe(before);
  });
});

describe('pipelined requests', () => {
  const publish = request('POST /api/v1/publish', { ...AUTHORIZED, 'Content-Length': String(MESSAGE.length) }, MESSAGE);
  const upgrade = request('GET /ws', {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
  });
  const refused = upgrade.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: un/known\r\n\r\n');
  it.each<[string, string]>([
    ['health', request('GET /health/live')],
    ['metrics', request('GET /metrics')],
    ['HEAD', request('HEAD /health/live')],
    ['a file', request('GET /large.js')],
    ['an unknown path', request('GET /nowhere')],
    ['a wrong method', request('OPTIONS /health/live')],
    ['publishes', publish],
    ['refused publishes', request('POST /api/v1/publish', { 'Content-Length': '2' }, '{}')],
    ['refused handshakes', refused],
    ['a request before a handshake', request('GET /health/live') + upgrade],
  ])('close the connection, with at most one answer: %s', async (_, sent) => {
    const before = await published();
    const { text, ended } = await exchange(gateway.port, sent.repeat(50));
    expect(ended).toBe(true);
    expect(statuses(text).length).toBeLessThanOrEqual(1);
    expect(await published()).toBe(before);
  });

  it.each<[string, string, number]>([
    ['health', request('GET /health/live'), 200],
    ['readiness', request('GET /health/ready'), 200],
    ['metrics', request('GET /metrics'), 200],
    ['HEAD', request('HEAD /health/live'), 200],
    ['HEAD of a file', request('HEAD /large.js'), 200],
    ['a file', request('GET /'), 200],
    ['an unknown path', request('GET /nowhere'), 404],
    ['a wrong method', request('OPTIONS /health/live'), 405],
    ['publishes', publish, 200],
    ['revocations', request('GET /api/v1/revocations', AUTHORIZED), 200],
    ['no credentials', request('GET /api/v1/revocations'), 401],
  ])('are served if each waits for the answer before it: %s', async (_, sent, status) => {
    const socket = net.connect(gateway.port, '127.0.0.1');
    let text = '';
    let answers = 0;
    await new Promise<void>((resolve) => {
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        const length = Number(/^content-length: (\d+)\r$/im.exec(text)?.[1] ?? 0);
        const size = text.indexOf('\r\n\r\n') + 4 + (sent.startsWith('HEAD') ? 0 : length);
        if (!text.includes('\r\n\r\n') || text.length < size) return;
        expect(statuses(text)).toEqual([status]);
        const isLast = /^connection: close\r$/im.test(text);
        text = '';
        if (++answers === 5 || isLast) socket.end();
        else socket.write(sent);
      });
      socket.write(sent);
    });
    // One of 256 answers without a body closes its connection, with "Connection: close".
    if (!sent.startsWith('HEAD')) expect(answers).toBe(5);
    expect(answers).toBeGreaterThan(0);
  });

  it('do not continue after a refused handshake', async () => {
    const { text, ended } = await exchange(gateway.port, refused);
    expect([statuses(text), ended]).toEqual([[400], true]);
  });

  it('may continue with a WebSocket handshake after an answer', async () => {
    const { text } = await exchange(gateway.port, request('GET /health/live'), { until: (all) => all.endsWith('}') });
    expect(statuses(text)).toEqual([200]);
    const socket = net.connect(gateway.port, '127.0.0.1');
    socket.write(request('GET /health/live'));
    await new Promise<void>((resolve) => {
      let all = '';
      socket.on('data', (chunk) => {
        all += chunk.toString('latin1');
        if (all.endsWith('}')) socket.write(upgrade);
        if (all.includes('101 Switching Protocols')) resolve();
      });
    });
    socket.destroy();
  });
});

describe('unread answers', () => {
  it('are completed at the pace of the client: a large file arrives complete', async () => {
    const socket = net.connect(gateway.port, '127.0.0.1');
    socket.pause();
    socket.write(request('GET /large.js'));
    await fetch(`${gateway.url}/health/live`); // the gateway has received the request by then
    let size = 0;
    await new Promise<void>((resolve) => {
      let head = '';
      socket.on('data', (chunk) => {
        if (!head.includes('\r\n\r\n')) {
          head += chunk.toString('latin1');
          size = head.length - head.indexOf('\r\n\r\n') - 4;
        } else size += chunk.length;
        if (size >= LARGE) resolve();
      });
      socket.resume();
    });
    expect(size).toBe(LARGE);
    socket.destroy();
  });

  it('stop further answers on the connection, and close it', async () => {
    let answered = 0;
    gateway.services.events.on('request', ({ path }) => {
      if (path === '/large.js') answered++;
    });
    const socket = net.connect(gateway.port, '127.0.0.1');
    socket.on('error', () => {}); // "close" reports it too
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.pause();
    let sent = 0;
    while (sent === answered && sent < 200) {
      socket.write(request('GET /large.js'));
      sent++;
      for (let turn = 0; turn < 3; turn++) await fetch(`${gateway.url}/health/live`);
    }
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(20); // kernel buffers hold the rest, some MiB
    socket.resume();
    await closed;
  });
});

describe('headers', () => {
  it('may have 16 KiB in addition to the request line', async () => {
    const cookie = { Cookie: `session=${'c'.repeat(12_288)}` };
    expect((await fetch(`${gateway.url}/health/live`, { headers: cookie })).status).toBe(200);
    const { socket } = await gateway.open('sluice.v1.json', cookie);
    socket.terminate();
  });

  it('may contain the longest accepted token', async () => {
    const padding = await longest();
    const token = await tokenFor('ada', { claims: { padding } });
    expect(token.length).toBeGreaterThan(16_300);
    expect(token.length).toBeLessThanOrEqual(16_384);
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(`${gateway.url}/api/v1/publish`, { method: 'POST', headers, body: MESSAGE });
    expect(response.status).toBe(200);
  });

  async function longest(): Promise<string> {
    const { length } = await tokenFor('ada', { claims: { padding: '' } });
    return 'x'.repeat(Math.floor(((16_384 - length) * 3) / 4) - 3);
  }

  it.each([
    ['in one line', ['Sec-WebSocket-Protocol: other.v1 , sluice.v1.json']],
    ['in two lines', ['Sec-WebSocket-Protocol: other.v1', 'Sec-WebSocket-Protocol: sluice.v1.json']],
    ['in two lines, in reverse order', ['Sec-WebSocket-Protocol: sluice.v1.json', 'Sec-WebSocket-Protocol: other.v1']],
    ['with empty entries', ['Sec-WebSocket-Protocol: ,other.v1,', 'Sec-WebSocket-Protocol: sluice.v1.json,']],
  ])('offer subprotocols %s', async (_, lines) => {
    const sent = request('GET /ws', {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
    }).replace('\r\n\r\n', `\r\n${lines.join('\r\n')}\r\n\r\n`);
    const { text } = await exchange(gateway.port, sent, { until: (all) => all.includes('\r\n\r\n') });
    expect(statuses(text)).toEqual([101]);
    expect(text).toMatch(/^sec-websocket-protocol: sluice\.v1\.json\r$/im);
  });

  it('close the connection if "Connection" contains "close" in any form', async () => {
    for (const connection of ['close', 'Close', 'keep-alive, close', 'close, TE']) {
      const { text, ended } = await exchange(gateway.port, request('GET /health/live', { Connection: connection }));
      expect([statuses(text), ended]).toEqual([[200], true]);
    }
  });

  it('report the idle timeout of the connection', async () => {
    const response = await fetch(`${gateway.url}/health/live`);
    expect(response.headers.get('keep-alive')).toBe('timeout=7');
  });

  it('have a reason phrase for every status', async () => {
    const response = await fetch(`${gateway.url}/api/v1/drain`, {
      method: 'POST',
      headers: AUTHORIZED,
      body: JSON.stringify({ node: 'nobody' }),
    });
    expect([response.status, response.statusText]).toEqual([202, 'Accepted']);
  });
});
