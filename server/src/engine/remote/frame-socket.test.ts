import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import type { GroupRef } from '../groups.ts';
import { MemoryEngine } from '../memory/memory-engine.ts';
import { EngineUser } from './engine-user.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameSocket } from './frame-socket.ts';

const frame = (text: string): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([head, Buffer.from(text)]);
};

describe('a frame reader', () => {
  it('finds the same frames however the bytes are cut', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 });
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 12 })), (sent, cuts) => {
        const got: string[] = [];
        const reader = new FrameReader((text) => got.push(text));
        const bytes = Buffer.concat(sent.map(frame));
        let at = 0;
        for (const cut of [...cuts, bytes.byteLength]) {
          reader.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        expect(got).toEqual(sent);
      }),
    );
  });

  it('refuses invalid frames', () => {
    expect(() => new FrameReader(() => {}).push(Buffer.from('GET / HTTP/1.1'))).toThrow(RangeError);
  });
});

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Both ends of a socket. */
async function pair(): Promise<[Socket, Socket]> {
  const path = join(tmpdir(), `sluice-frames-${process.pid}-${Math.random().toString(36).slice(2)}.sock`);
  const server = createServer().listen(path);
  await once(server, 'listening');
  const near = createConnection(path);
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  ends.push(() => {
    near.destroy();
    far.destroy();
  });
  return [near, far];
}

describe('a frame socket', () => {
  it('carries all items of a turn in one piece, in their order', async () => {
    const [near, far] = await pair();
    const pieces: (readonly unknown[])[] = [];
    new FrameSocket(far, { items: (items) => void pieces.push(items), closed: () => {} });
    const frames = new FrameSocket(near, { items: () => {}, closed: () => {} });
    for (let at = 0; at < 100; at++) frames.send([at, 'привет']);
    await expect.poll(() => pieces.length).toBe(1);
    expect(pieces[0]).toEqual(Array.from({ length: 100 }, (_, at) => [at, 'привет']));
  });

  it('hands over what waits before it ends, and sends nothing afterwards', async () => {
    const [near, far] = await pair();
    const got: unknown[] = [];
    const closed = once(far, 'close');
    new FrameSocket(far, { items: (items) => void got.push(...items), closed: () => {} });
    const frames = new FrameSocket(near, { items: () => {}, closed: () => frames.send(['late']) });
    frames.send(['last']);
    frames.end();
    await closed;
    expect(got).toEqual([['last']]);
  });
});

/** The owner's end of a frame socket to a process, and that process' end. */
async function userOf(engine: MemoryEngine) {
  const [near, far] = await pair();
  const calls: string[] = [];
  const note = (what: string) => (channel: string) => void calls.push(`${what} ${channel}`);
  const user = new EngineUser(near, {
    engine,
    welcome: () => ({ life: 'x', trouble: null, copies: false, forgetsMembers: false }),
    graceOf: () => 0,
    watch: note('watch'),
    unwatch: note('unwatch'),
    watchMembers: note('watchMembers'),
    unwatchMembers: note('unwatchMembers'),
    watchGroup: ({ group }) => void calls.push(`watchGroup ${group}`),
    unwatchGroup: ({ group }) => void calls.push(`unwatchGroup ${group}`),
    closed: () => void calls.push('closed'),
    onFault: (where) => void calls.push(`fault ${where}`),
  });
  const got: unknown[][] = [];
  const frames = new FrameSocket(far, { items: (items) => void got.push(...(items as unknown[][])), closed: () => {} });
  return { user, frames, got, calls };
}

describe('a user of the engine that does not read', () => {
  const engine = new MemoryEngine({ clock: new ManualClock() });
  const large = 'x'.repeat(1024 * 1024);

  it('uses bounded memory, and is notified of its losses when it reads', async () => {
    const { user, frames, got } = await userOf(engine);
    frames.send(['call', 1, 'watch', 'a']);
    await expect.poll(() => got).toEqual([['answer', 1, null]]);
    frames.pause();
    const text = JSON.stringify(['message', 'a', 'e', { data: large }]);
    for (let at = 0; at < 100; at++) user.announce('a', text);
    frames.resume();
    await expect.poll(() => got.at(-1)).toEqual(['interrupted', 'a']);
    expect(got.length).toBeLessThan(20);
    user.announce('a', '["message","a","e",{}]');
    await expect.poll(() => got.at(-1)).toEqual(['message', 'a', 'e', {}]);
  });

  it('is notified of missed member changes, and receives the next one', async () => {
    const { user, frames, got } = await userOf(engine);
    frames.send(['watchMembers', 'a']);
    frames.pause();
    const text = JSON.stringify(['change', { channel: 'a', user: large, member: null, version: 1 }]);
    for (let at = 0; at < 100; at++) user.announceMembers(text);
    frames.resume();
    await expect.poll(() => got.at(-1)).toEqual(['membersInterrupted', null]);
    expect(got.length).toBeLessThan(20);
    user.announceMembers('["change",{}]');
    await expect.poll(() => got.at(-1)).toEqual(['change', {}]);
  });

  it('is notified once of missed announcements of a group that it still watches', async () => {
    const { user, frames, got, calls } = await userOf(engine);
    const [ref, other] = ['g', 'other'].map((group) => ({ channel: 'a', group })) as [GroupRef, GroupRef];
    for (const [id, watched] of [ref, other].entries()) frames.send(['call', id, 'watchGroup', watched]);
    await expect.poll(() => got).toHaveLength(2);
    frames.pause();
    const text = JSON.stringify(['message', 'a', 'e', { data: large }]);
    for (let at = 0; at < 50; at++) user.announce('x', text);
    for (let at = 0; at < 3; at++) user.announceClaimable(ref);
    user.announceClaimable(other);
    frames.send(['unwatchGroup', other]);
    await expect.poll(() => calls).toContain('unwatchGroup other');
    frames.resume();
    await expect.poll(() => got.filter(([kind]) => kind === 'claimable')).toEqual([['claimable', 'a', 'g']]);
  });

  it('is notified once of all losses of any kind, and only of channels that it still watches', async () => {
    const { user, frames, got } = await userOf(engine);
    for (const [at, channel] of ['a', 'b', 'c'].entries()) frames.send(['call', at, 'watch', channel]);
    await expect.poll(() => got).toHaveLength(3);
    frames.send(['unwatch', 'c']);
    frames.send(['call', 9, 'hello']);
    await expect.poll(() => got).toHaveLength(4);
    frames.pause();
    got.length = 0;
    for (let at = 0; at < 40; at++) user.announce('a', JSON.stringify(['message', 'a', 'e', { data: large }]));
    for (let at = 0; at < 3; at++) {
      user.announce('b', '["message","b","e",{}]');
      user.announce('c', '["message","c","e",{}]');
      user.announceMembers('["change",{}]');
    }
    frames.resume();
    await expect.poll(() => got.at(-1)).toEqual(['membersInterrupted', null]);
    expect(got.filter(([kind]) => kind !== 'message')).toEqual([
      ['interrupted', 'a'],
      ['interrupted', 'b'],
      ['membersInterrupted', null],
    ]);
  });

  it('is asked nothing more while its answers wait, and gets every one of them', async () => {
    const slow = new MemoryEngine({ clock: new ManualClock() });
    let reads = 0;
    const read = slow.read.bind(slow);
    slow.read = (...asked) => {
      reads++;
      return read(...asked);
    };
    const { frames, got } = await userOf(slow);
    slow.append('long', { id: 'm', time: 0, data: large }, { retention: { count: 9, age: 1e15 }, window: 0 });
    frames.pause();
    // All in one piece, and some in pieces of their own.
    for (let id = 0; id < 60; id++) {
      frames.send(['call', id, 'read', 'long', 0, 9]);
      if (id > 40) frames.flush();
    }
    await expect.poll(() => reads).toBeGreaterThan(15);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reads).toBeLessThan(20);
    frames.resume();
    await expect.poll(() => got.length).toBe(60);
    expect(got.map(([, id]) => id)).toEqual(Array.from({ length: 60 }, (_, id) => id));
  });

  it('ends all its watches when it closes', async () => {
    const { frames, got, calls } = await userOf(engine);
    for (const [at, channel] of ['a', 'b'].entries()) frames.send(['call', at, 'watch', channel]);
    frames.send(['watchMembers', 'a']);
    frames.send(['watchMembers', 'b']);
    frames.send(['unwatch', 'b']);
    frames.send(['unwatchMembers', 'b']);
    frames.send(['unwatch', 'never watched']);
    frames.send(['call', 8, 'enter', { channel: 'a', connection: 'c1', user: 'ada' }]);
    frames.send(['call', 9, 'enter', { channel: 'a', connection: 'c2', user: 'ben' }]);
    frames.send(['call', 10, 'leave', { channel: 'a', connection: 'c2', user: 'ben' }, 60_000]);
    await expect.poll(() => got).toHaveLength(5);
    calls.length = 0;
    frames.cut();
    await expect.poll(() => calls).toEqual(['unwatch a', 'unwatchMembers a', 'closed']);
    expect(engine.presence.list('a', 0, 9)).toMatchObject({ members: [{ member: { user: 'ben' } }] });
  });

  it('receives the reason of a failed call; an unexpected one is a fault', async () => {
    const { frames, got, calls } = await userOf(engine);
    frames.send(['call', 1, 'enter', null]);
    await expect.poll(() => got).toMatchObject([['refusal', 1, 'Error', expect.any(String)]]);
    expect(calls).toEqual(['fault the engine: "enter"']);
  });
});
