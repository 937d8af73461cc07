import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { EngineUnavailable } from '../engine.ts';
import { FrameSocket } from './frame-socket.ts';
import { OwnerLink } from './owner-link.ts';

const MIB = 1024 * 1024;
const KEEP = { retention: { count: 1_000, age: 3_600_000 }, window: 60_000 };

let folder: string;
let server: Server;
let sockets: Socket[];
/** The owner answers nothing but the greeting. */
let isSilent: boolean;
let asked: unknown[][];
let link: OwnerLink;
const clock = new ManualClock();
const soon = () => new Promise((resolve) => setImmediate(resolve));

function greet(socket: Socket): void {
  sockets.push(socket);
  const answer = (frames: FrameSocket, item: unknown[]) => {
    asked.push(item);
    if (item[2] === 'hello') frames.send(['answer', item[1], { life: 'x', trouble: null, copies: false }]);
    else if (!isSilent) frames.send(['answer', item[1], null]);
  };
  const frames: FrameSocket = new FrameSocket(socket, {
    items: (items) => {
      for (const item of items as unknown[][]) answer(frames, item);
    },
    closed: () => {},
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-link-'));
  const path = join(folder, 'owner.sock');
  [sockets, asked, isSilent] = [[], [], false];
  server = createServer(greet).listen(path);
  await once(server, 'listening');
  link = new OwnerLink({ path, clock, onItem: () => {}, onReached: () => {} });
  await link.start();
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await link.close();
  server.close();
  rmSync(folder, { recursive: true });
  expect(clock.running).toBe(0);
});

const append = (bytes: number) => link.call('append', 'a', { id: 'm', time: 0, data: 'x'.repeat(bytes) }, KEEP);

describe('the way to the engine’s owner', () => {
  it('lets 32 MiB wait for an owner that does not read, refuses more, and everything once the owner is lost', async () => {
    isSilent = true;
    for (const socket of sockets) socket.pause();
    const refused: unknown[] = [];
    const waiting: Promise<unknown>[] = [];
    while (refused.length === 0) {
      const one = append(MIB);
      one.catch((error: unknown) => refused.push(error));
      waiting.push(one);
      await soon();
      expect(waiting.length).toBeLessThan(40);
    }
    expect(waiting.length).toBeGreaterThan(32);
    expect(refused).toEqual([new EngineUnavailable('the process that holds the engine cannot keep up')]);
    for (const socket of sockets) socket.destroy();
    for (const { status } of await Promise.allSettled(waiting)) expect(status).toBe('rejected');
  });

  it('refuses pending calls when the owner is lost, and all calls until it is back', async () => {
    for (let at = 0; at < 10; at++) await append(10);
    isSilent = true;
    const late = expect(append(10)).rejects.toThrow(EngineUnavailable);
    await expect.poll(() => asked.length).toBe(12);
    for (const socket of sockets) socket.destroy();
    await late;
    await expect(append(10)).rejects.toThrow('cannot be reached');
    expect(link.reached).toBe(false);
  });

  it('is looked for every 100 ms, and found again', async () => {
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => link.reached).toBe(false);
    link.notify(['unwatch', 'a']); // without a connection
    clock.advance(99);
    await soon();
    expect(sockets).toHaveLength(1);
    clock.advance(1);
    await expect.poll(() => link.reached).toBe(true);
    expect(asked.map((item) => item[2])).toEqual(['hello', 'hello']);
  });

  it('sends earlier calls before it closes', async () => {
    isSilent = true;
    const last = expect(append(10)).rejects.toThrow();
    await link.close();
    await last;
    await expect.poll(() => asked.length).toBe(2);
    await expect(append(10)).rejects.toThrow(EngineUnavailable);
  });

  it('survives an owner that speaks nonsense', async () => {
    sockets[0]?.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    await expect.poll(() => link.reached).toBe(false);
    clock.advance(100);
    await expect.poll(() => link.reached).toBe(true);
  });
});
