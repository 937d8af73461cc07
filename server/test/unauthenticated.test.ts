import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { RawSocket } from './support/raw-socket.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

const MAX_FRAME = 32_768;
const MARGIN = 4_096;
const PING = 9;
const CLOSE = 8;

let gateway: RealGateway;
let raw: RawSocket;

afterEach(async () => {
  raw.socket.destroy();
  await gateway.stop();
});

async function open(config: Parameters<typeof startGateway>[0] = {}): Promise<void> {
  gateway = await startGateway({ ...config, limits: { maxFrame: MAX_FRAME, ...config.limits } });
  raw = new RawSocket(gateway.port);
  await raw.upgrade('Sec-WebSocket-Protocol: sluice.v1.json\r\n');
}

/** The code and the reason of the close frame; 1006 if the connection ends without one. */
async function closed(): Promise<[number, string]> {
  const frames = raw.take();
  const find = () => frames.find(({ opcode }) => opcode === CLOSE);
  await raw.until(() => {
    frames.push(...raw.take());
    return find() !== undefined || raw.socket.destroyed;
  });
  const payload = find()?.payload;
  return payload === undefined ? [1006, ''] : [payload.readUInt16BE(0), payload.toString('utf8', 2)];
}

const empty = (size: number) => '[]'.padEnd(size, ' ');

describe('a WebSocket whose peer has not authenticated', () => {
  it('is closed if it sends more than a frame, however it is split', async () => {
    await open();
    for (let sent = 0; sent <= MAX_FRAME + MARGIN; sent += 8_192) raw.send(empty(8_192));
    expect(await closed()).toEqual([4007, expect.stringMatching(/flood.*before authentication \(limits\.maxFrame/)]);
  });

  it('may send a frame plus the margin', async () => {
    await open();
    const token = await tokenFor('ada');
    raw.send(empty(MAX_FRAME));
    raw.send(JSON.stringify({ type: 'connect', id: 1, token }).padEnd(MARGIN, ' '));
    await raw.until(() => raw.take().some(({ payload }) => payload.includes('"reply"')));
  });

  it('may send anything within its limits after authentication', async () => {
    await open();
    raw.send(JSON.stringify({ type: 'connect', id: 1, token: await tokenFor('ada') }));
    await raw.until(() => raw.take().some(({ payload }) => payload.includes('"reply"')));
    for (let count = 0; count < 5; count++)
      raw.send(JSON.stringify({ type: 'ping', id: 2 + count }).padEnd(16_384, ' '));
    await raw.until(() => raw.take().some(({ payload }) => payload.includes('"id":6')));
  });

  it('receives a close reason for a frame that is too large, unless it is far too large', async () => {
    await open();
    raw.send(empty(MAX_FRAME + MARGIN));
    expect(await closed()).toEqual([4208, expect.stringContaining('frame_too_large')]);
    raw.socket.destroy();
    raw = new RawSocket(gateway.port);
    await raw.upgrade();
    raw.send(empty(MAX_FRAME + MARGIN + 1));
    expect((await closed())[0]).toBe(1006);
  });

  it('cannot send a larger message in fragments', async () => {
    await open();
    raw.send(empty(20_000)); // complete: the opcode with the FIN bit
    const fragment = (first: number) =>
      Buffer.concat([Buffer.from([first, 0xfe, 0x4e, 0x20]), Buffer.alloc(4), Buffer.alloc(20_000, ' ')]);
    raw.socket.write(fragment(0x01)); // not final
    raw.socket.write(fragment(0x00)); // continues
    expect((await closed())[0]).toBe(1006);
  });

  it('is closed to make room if all of them together have sent too much', async () => {
    await open({ limits: { unauthenticated: '1MiB' } });
    raw.send(empty(MAX_FRAME));
    const refusals: string[] = [];
    gateway.services.events.on('refused', ({ error, detail }) => refusals.push(`${error}: ${detail}`));
    const others: RawSocket[] = [];
    for (let count = 0; count < 40; count++) {
      const other = new RawSocket(gateway.port);
      await other.upgrade();
      other.send(empty(MAX_FRAME));
      others.push(other);
    }
    expect((await closed())[0]).toBe(1006); // a close frame would keep its memory for seconds
    expect(refusals).toContain('unavailable: connections that have not authenticated hold too much memory');
    const { client } = await gateway.connect(await tokenFor('ada'));
    expect(await client.result({ type: 'subscribe', channel: 'chat:a' })).toMatchObject({ state: 'live' });
    for (const other of others) other.socket.destroy();
  });
});

describe('requests while unauthenticated peers use up their memory budget', () => {
  const KEY = 'an-API-key-that-only-tests-know';

  it('with an API key have their bodies read', async () => {
    const limits = { unauthenticated: '1MiB', maxFrame: 65_536 };
    await open({ limits, apiKeys: [{ name: 'backend', secret: KEY }], connectTimeout: '60s' });
    const others: RawSocket[] = [];
    for (let count = 0; count < 15; count++) {
      const other = new RawSocket(gateway.port);
      await other.upgrade();
      other.send(empty(65_536));
      other.send('', PING);
      const { socket } = other;
      await other.until(() => socket.destroyed || other.take().some(({ opcode }) => opcode === 10));
      others.push(other);
    }
    const response = await fetch(`${gateway.url}/api/v1/publish`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ channel: 'chat:a', data: 1 }).padEnd(200_000, ' '),
    });
    expect(response.status).toBe(200);
    for (const other of others) other.socket.destroy();
  });
});

describe('control frames', () => {
  it.each([
    ['pings', PING],
    ['pongs', 10],
  ])('%s are answered, and a flood of them ends the connection', async (_, opcode) => {
    await open();
    raw.send('hello', PING);
    await raw.until(() => raw.take().some((frame) => frame.opcode === 10 && frame.payload.toString() === 'hello'));
    const frame = Buffer.from([0x80 | opcode, 0x80, 0, 0, 0, 0]);
    const ended = once(raw.socket, 'close');
    raw.socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => frame)));
    await ended;
    expect(gateway.services.registry.size).toBe(0);
  });

  it('do not end the connection if they are sent one at a time', async () => {
    await open();
    for (let count = 0; count < 200; count++) {
      raw.send(String(count), PING);
      await raw.until(() => raw.take().some(({ payload }) => payload.toString() === String(count)));
    }
    expect(gateway.services.registry.size).toBe(1);
  });
});
