import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../src/util/clock.ts';
import { RawSocket } from './support/raw-socket.ts';
import { RealGateway, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

const running: RealGateway[] = [];

async function start(...given: Parameters<typeof startGateway>): Promise<RealGateway> {
  const gateway = await startGateway(...given);
  running.push(gateway);
  return gateway;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
});

/** A gateway that drains only when the test advances the clock. */
async function startHeld() {
  const clock = new ManualClock();
  const gateway = await start({}, { clock });
  const token = await tokenFor('ada', { clock: () => clock.now() });
  return { clock, gateway, token };
}

describe('a gateway', () => {
  it('starts once', async () => {
    const { gateway } = await start();
    await expect(gateway.start()).rejects.toThrow('a gateway starts once');
  });

  it('reports that the port is in use, and leaves nothing running', async () => {
    const first = await start();
    const clock = new ManualClock();
    const second = new RealGateway({ port: first.port }, { clock });
    await expect(second.gateway.start()).rejects.toThrow(/port/);
    expect(clock.running).toBe(0);
    await second.gateway.close();
  });

  it('that is closed while it starts does not listen', async () => {
    const gateway = new RealGateway({});
    const started = gateway.gateway.start();
    await gateway.gateway.close();
    const { port } = await started;
    await expect(once(net.connect(port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  it('may be closed before it starts, and twice', async () => {
    const { gateway } = new RealGateway({});
    expect(gateway.close()).toBe(gateway.close());
    await gateway.close();
    await expect(gateway.start()).rejects.toThrow('a gateway starts once');
  });

  it('asks all clients to reconnect before it closes', async () => {
    const gateway = await start();
    const token = await tokenFor('ada');
    const peers = await Promise.all([gateway.connect(token), gateway.connect(token, 'sluice.v1.msgpack')]);
    const endings = peers.map(({ client }) => client.ended());
    await gateway.gateway.close();
    expect(await Promise.all(endings)).toEqual([
      { code: 4000, reason: expect.stringMatching(/^draining: ./) },
      { code: 4000, reason: expect.stringMatching(/^draining: ./) },
    ]);
    for (const { client } of peers)
      expect(client.received.at(-1)).toEqual({ type: 'drain', closesIn: expect.any(Number), reconnectAfter: 0 });
  });

  it('serves each connection until its announced close time', async () => {
    const { clock, gateway, token } = await startHeld();
    const peers = await Promise.all(Array.from({ length: 20 }, () => gateway.connect(token)));
    const closing = gateway.gateway.close();
    for (const { client } of peers) await client.result({ type: 'ping' });
    clock.advance(0);
    const announced = peers.map(async ({ client }) => (await client.push('drain')).closesIn ?? Number.NaN);
    const moments = (await Promise.all(announced)).sort((a, b) => a - b);
    expect([moments[0], new Set(moments).size]).toEqual([0, 20]);
    const left: number[] = [];
    for (let ms = 0; ms < 40; ms++) {
      clock.advance(1);
      left.push(gateway.services.registry.size);
    }
    await closing;
    expect(left).toEqual(Array.from({ length: 40 }, (_, at) => moments.filter((moment) => moment > at + 1).length));
  });

  it('accepts no new connections while it drains', async () => {
    const { clock, gateway, token } = await startHeld();
    const late = await new RawSocket(gateway.port).opened();
    late.write('GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await late.response()).toContain('200 OK');
    await gateway.connect(token);
    const closing = gateway.gateway.close();
    late.write('GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await late.response()).toContain('503 Service Unavailable');
    void late.upgrade();
    expect(await late.response()).toContain('503 Service Unavailable');
    expect(gateway.services.registry.size).toBe(1);
    clock.advance(1_000);
    await closing;
  });

  it('keeps no state of disconnected clients', async () => {
    const { clock, gateway, token } = await startHeld();
    const before = clock.running;
    const peers = await Promise.all(Array.from({ length: 5 }, () => gateway.connect(token)));
    for (const { client } of peers) {
      await client.result({ type: 'subscribe', channel: 'chat:a' });
      await client.result({ type: 'subscribe', channel: 'news:a' });
    }
    const { hub, registry } = gateway.services;
    expect({ channels: hub.size, sessions: registry.size }).toEqual({ channels: 2, sessions: 5 });
    for (const { socket } of peers) socket.terminate();
    await gateway.until(() => registry.size === 0);
    expect({ channels: hub.size, timers: clock.running }).toEqual({ channels: 0, timers: before });
  });
});
