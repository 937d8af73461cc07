import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { MemoryEngine } from '../memory/memory-engine.ts';
import { EngineUser } from './engine-user.ts';
import { FrameReader } from './frame-reader.ts';
import { Line } from './line.ts';

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

  it('refuses what cannot be a frame', () => {
    expect(() => new FrameReader(() => {}).push(Buffer.from('GET / HTTP/1.1'))).toThrow(RangeError);
  });
});

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Both ends of a socket. */
async function pair(): Promise<[Socket, Socket]> {
  const path = join(tmpdir(), `sluice-line-${process.pid}-${Math.random().toString(36).slice(2)}.sock`);
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

describe('a line', () => {
  it('carries all items of a turn in one piece, in their order', async () => {
    const [near, far] = await pair();
    const pieces: (readonly unknown[])[] = [];
    new Line(far, { items: (items) => void pieces.push(items), closed: () => {} });
    const line = new Line(near, { items: () => {}, closed: () => {} });
    for (let at = 0; at < 100; at++) line.send([at, 'привет']);
    await expect.poll(() => pieces.length).toBe(1);
    expect(pieces[0]).toEqual(Array.from({ length: 100 }, (_, at) => [at, 'привет']));
  });

  it('hands over what waits before it ends, and sends nothing afterwards', async () => {
    const [near, far] = await pair();
    const got: unknown[] = [];
    const closed = once(far, 'close');
    new Line(far, { items: (items) => void got.push(...items), closed: () => {} });
    const line = new Line(near, { items: () => {}, closed: () => line.send(['late']) });
    line.send(['last']);
    line.end();
    await closed;
    expect(got).toEqual([['last']]);
  });
});

describe('a user of the engine that does not read', () => {
  it('holds a bounded amount of memory, and is told what it missed once it reads', async () => {
    const [near, far] = await pair();
    const engine = new MemoryEngine({ clock: new ManualClock() });
    const user = new EngineUser(near, {
      engine,
      welcome: () => ({ life: 'x', trouble: null }),
      graceOf: () => 0,
      watch: () => {},
      unwatch: () => {},
      watchMembers: () => {},
      unwatchMembers: () => {},
      closed: () => {},
      onFault: () => {},
    });
    const got: unknown[][] = [];
    const line = new Line(far, { items: (items) => void got.push(...(items as unknown[][])), closed: () => {} });
    line.send(['call', 1, 'watch', 'a']);
    await expect.poll(() => got).toEqual([['answer', 1, null]]);
    line.pause();
    const text = JSON.stringify(['message', 'a', 'e', { data: 'x'.repeat(1024 * 1024) }]);
    for (let at = 0; at < 100; at++) user.announce('a', text);
    line.resume();
    await expect.poll(() => got.at(-1)).toEqual(['interrupted', 'a']);
    expect(got.length).toBeLessThan(20);
    user.announce('a', '["message","a","e",{}]');
    await expect.poll(() => got.at(-1)).toEqual(['message', 'a', 'e', {}]);
    engine.close();
  });
});
