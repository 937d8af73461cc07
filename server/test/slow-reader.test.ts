import type { GapPush, MessagesPush, Push, ServerMessage } from '@sluice/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { RawSocket } from './support/raw-socket.ts';
import { type RealGateway, type RealPeer, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

/** Far more than the kernel buffers for an unread socket: about 4 MB on loopback. */
const MESSAGES = 900;
const FILL = 'x'.repeat(12_000);
const OUTBOUND = 262_144;

let gateway: RealGateway;

afterEach(() => gateway.stop());

/** A client that subscribes and then does not read. */
async function stalled(channels: readonly string[]): Promise<RawSocket> {
  const raw = new RawSocket(gateway.port);
  await raw.upgrade();
  const subscribes = channels.map((channel, at) => ({ type: 'subscribe', id: at + 2, channel }));
  raw.send(JSON.stringify([{ type: 'connect', id: 1, token: await tokenFor('slow') }, ...subscribes]));
  await raw.until(() => pushesOf(raw).length >= 1);
  raw.take();
  raw.socket.pause();
  return raw;
}

const received = new WeakMap<RawSocket, Push[]>();

/** All pushes that the client has received, without answers. */
function pushesOf(raw: RawSocket): Push[] {
  const all = received.get(raw) ?? [];
  received.set(raw, all);
  for (const { opcode, payload } of raw.take()) {
    if (opcode !== 1) continue;
    const value = JSON.parse(payload.toString('utf8')) as Push | Push[];
    all.push(...(Array.isArray(value) ? value : [value]));
  }
  return all;
}

/**
 * Offsets of a channel in the order of arrival, without repeats.
 * SPEC.md section 7, rule 2.
 */
function offsets(pushes: readonly Push[], channel: string): number[] {
  const fresh: number[] = [];
  const ours = pushes.filter((push): push is MessagesPush => push.type === 'messages' && push.channel === channel);
  for (const { offset } of ours.flatMap(({ messages }) => messages)) {
    if (offset > (fresh.at(-1) ?? 0)) fresh.push(offset);
  }
  return fresh;
}

const all = Array.from({ length: MESSAGES }, (_, at) => at + 1);

/** Publishes at the pace of the fast readers. */
async function flood(channel: string, healthy: readonly RealPeer[]): Promise<void> {
  for (let sent = 0; sent < MESSAGES; ) {
    for (let turn = 0; turn < 20; turn++, sent++) await gateway.gateway.publish(channel, FILL);
    const arrived = (push: ServerMessage) => push.type === 'messages' && (push.messages.at(-1)?.offset ?? 0) >= sent;
    await Promise.all(healthy.map(({ client }) => client.wait(arrived)));
  }
}

describe('a reader that stops reading', () => {
  it('delays no other client, uses no more memory than its limit, and misses nothing when it continues', async () => {
    gateway = await startGateway({ limits: { outbound: OUTBOUND } });
    const channel = 'chat:flood';
    const token = await tokenFor('ada');
    const healthy = await Promise.all([gateway.connect(token), gateway.connect(token, 'sluice.v1.msgpack')]);
    for (const { client } of healthy) await client.result({ type: 'subscribe', channel });
    const slow = await stalled([channel]);
    await flood(channel, healthy);
    const held = gateway.services.registry.all().map(({ connection }) => connection.buffered);
    expect(Math.max(...held)).toBeGreaterThan(0);
    expect(Math.max(...held)).toBeLessThan(OUTBOUND + 16_384);
    for (const { client } of healthy) {
      expect((await client.messages(channel, MESSAGES)).map(({ offset }) => offset)).toEqual(all);
    }
    slow.socket.resume();
    await slow.until(() => pushesOf(slow).at(-1)?.type === 'live');
    expect(offsets(pushesOf(slow), channel)).toEqual(all);
    expect(pushesOf(slow).some(({ type }) => type === 'gap')).toBe(false);
  });

  it('receives a gap for everything that it missed if there is no history', async () => {
    gateway = await startGateway({ limits: { outbound: OUTBOUND } });
    const channel = 'news:flood';
    const token = await tokenFor('ada');
    const healthy = [await gateway.connect(token)];
    for (const { client } of healthy) await client.result({ type: 'subscribe', channel });
    const slow = await stalled([channel]);
    await flood(channel, healthy);
    slow.socket.resume();
    await slow.until(() => pushesOf(slow).at(-1)?.type === 'live');
    const gaps = pushesOf(slow).filter((push): push is GapPush => push.type === 'gap');
    const got = offsets(pushesOf(slow), channel);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ reason: 'slow_reader', to: { offset: MESSAGES } });
    // Received messages and the gap cover everything. The gap may include received messages if the
    // fan-out was refused.
    const named = gaps.flatMap(({ from, to }) => all.slice(from.offset, to.offset));
    expect(new Set([...got, ...named])).toEqual(new Set(all));
    expect(got.length).toBeLessThan(MESSAGES);
  });

  it('is closed if the rule says so, and its memory is freed', async () => {
    gateway = await startGateway({
      limits: { outbound: OUTBOUND },
      channels: { 'chat:{room}': { allow: { '*': 'users' }, history: true, slow: 'disconnect' } },
    });
    const channel = 'chat:flood';
    const healthy = [await gateway.connect(await tokenFor('ada'))];
    for (const { client } of healthy) await client.result({ type: 'subscribe', channel });
    await stalled([channel]);
    const codes: number[] = [];
    gateway.services.events.on('connectionClosed', ({ code }) => codes.push(code));
    await flood(channel, healthy);
    expect(codes).toEqual([4004]);
    expect(gateway.services.registry.size).toBe(1);
  });
});
