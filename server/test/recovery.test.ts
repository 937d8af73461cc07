import type { Position } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../src/auth/identity.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const OPEN = { '*': 'users' } as const;
const OUTBOUND = 262_144;
const MISSED = 100_000;
/** Bytes that the reader reads at a time. */
const READ_SIZE = 40_000;
/** The largest frame of a replay: the limit is checked before a frame is added. */
const FRAME = 16_384;

const start = () =>
  createWorld({
    channels: { 'log:{id}': { allow: OPEN, history: { count: 2 * MISSED } }, 'now:{id}': { allow: OPEN } },
    limits: { outbound: OUTBOUND },
  });

async function join(world: World, subprotocol: string): Promise<LoopbackPeer> {
  return world.connect(await tokenFor('ada', { clock: () => world.clock.now() }), { protocols: [subprotocol] });
}

function publish(world: World, channel: string, count: number): void {
  for (let n = 0; n < count; n++) {
    void world.services.door.publish({ channel, draft: { data: n }, by: PROGRAM, allowance: null });
  }
}

/** Checks the order of a channel's offsets without keeping all messages. */
function listen({ client }: LoopbackPeer, channel: string): { next: number; pushes: string[] } {
  const state = { next: 1, pushes: [] as string[] };
  let read = 0;
  const { receive } = client;
  client.receive = (frame) => {
    receive.call(client, frame);
    for (const received of client.received.slice(read)) {
      if (!('channel' in received) || received.channel !== channel) continue;
      if (received.type !== 'messages') state.pushes.push(received.type);
      else for (const { offset } of received.messages) expect(offset).toBe(state.next++);
    }
    read = client.received.length;
  };
  return state;
}

describe.each(['sluice.v1.json', 'sluice.v1.msgpack'])(
  'a client over %s that missed a hundred thousand messages',
  (name) => {
    it('receives all of them in order and at its own pace, while its other channels stay live', async () => {
      const world = await start();
      const before = await join(world, name);
      const position: Position = await before.client.result<Position & { state: string }>({
        type: 'subscribe',
        channel: 'log:a',
      });
      before.socket.cut();
      publish(world, 'log:a', MISSED);

      const ada = await join(world, name);
      const log = listen(ada, 'log:a');
      const now = listen(ada, 'now:a');
      await ada.client.result({ type: 'subscribe', channel: 'now:a' });
      ada.socket.stall();
      ada.client.send({
        type: 'subscribe',
        channel: 'log:a',
        position: { epoch: position.epoch, offset: position.offset },
      });
      await world.idle();
      let most = 0;
      let furthestBehind = 0;
      let published = 0;
      for (let reads = 0; log.next <= MISSED; reads++) {
        publish(world, 'now:a', 1);
        published++;
        ada.socket.read(READ_SIZE);
        await world.idle();
        most = Math.max(most, ada.socket.held);
        furthestBehind = Math.max(furthestBehind, published - now.next + 1);
        if (reads > 1_000) throw new Error('the client does not catch up');
      }
      expect(published).toBeGreaterThan(100); // the recovery was slow enough
      expect(most).toBeGreaterThan(FRAME);
      expect(most).toBeLessThan(OUTBOUND / 2 + FRAME);
      expect(furthestBehind).toBeLessThan(6); // at most what the buffer holds
      expect(now.pushes).toEqual([]); // neither "replaying" nor a gap

      ada.socket.unstall();
      publish(world, 'log:a', 5);
      publish(world, 'now:a', 5);
      await world.idle();
      expect(log.next).toBe(MISSED + 6);
      expect(now.next).toBe(published + 6);
      expect(log.pushes).toEqual(['live']);
    });
  },
);
