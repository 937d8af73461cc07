import { describe, expect, it } from 'vitest';
import { StreamSocket, type WebSocketStreamConstructor } from './stream-socket.ts';

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

/** The other end of a WebSocketStream. It counts the frames that the page has taken. */
class Peer {
  readonly sent: unknown[] = [];
  readonly closings: unknown[] = [];
  url = '';
  protocols: readonly string[] = [];
  taken = 0;
  #incoming!: ReadableStreamDefaultController<string | Uint8Array>;
  #end!: (info: { closeCode: number; reason: string }) => void;
  #fail!: (error: Error) => void;

  readonly Class = (() => {
    const peer = this;
    return class {
      readonly opened: Promise<unknown>;
      readonly closed = new Promise((resolve, reject) => {
        peer.#end = resolve;
        peer.#fail = reject;
      });

      constructor(url: string, { protocols }: { protocols: readonly string[] }) {
        peer.url = url;
        peer.protocols = protocols;
        const frames: (string | Uint8Array)[] = [];
        peer.push = (frame) => void frames.push(frame);
        const readable = new ReadableStream<string | Uint8Array>(
          {
            start: (controller) => {
              peer.#incoming = controller;
            },
            pull: async (controller) => {
              while (frames.length === 0) await turn();
              peer.taken++;
              controller.enqueue(frames.shift() as string);
            },
          },
          { highWaterMark: 0 },
        );
        const writable = new WritableStream({ write: (frame) => void peer.sent.push(frame) });
        this.opened = Promise.resolve({ readable, writable });
      }

      close(info: unknown): void {
        peer.closings.push(info);
      }
    } as unknown as WebSocketStreamConstructor;
  })();

  push: (frame: string | Uint8Array) => void = () => {};

  end(closeCode: number, reason: string): void {
    this.#incoming.close();
    this.#end({ closeCode, reason });
  }

  lose(): void {
    this.#incoming.error(new Error('lost'));
    this.#fail(new Error('lost'));
  }
}

/** A socket whose frames are read one by one, when the test says so. */
function open(peer: Peer) {
  const events: string[] = [];
  const waiting: (() => void)[] = [];
  let slow = true;
  const pace = () => (slow ? new Promise<void>((resolve) => waiting.push(resolve)) : Promise.resolve());
  const socket = new StreamSocket(peer.Class, 'ws://a/ws', { protocols: ['sluice.v1.json'], pace });
  socket.onopen = () => events.push('open');
  socket.onerror = () => events.push('error');
  socket.onmessage = ({ data }: { data: string | ArrayBuffer }) =>
    events.push(typeof data === 'string' ? data : `${data.byteLength} bytes`);
  socket.onclose = ({ code, reason }: { code: number; reason: string }) => events.push(`closed ${code} ${reason}`);
  const next = async () => {
    waiting.shift()?.();
    await turn();
    await turn();
  };
  const hurry = () => {
    slow = false;
    for (const go of waiting.splice(0)) go();
  };
  return { socket, events, next, hurry };
}

describe('a WebSocket of streams', () => {
  it('takes a frame from the peer only when it may', async () => {
    const peer = new Peer();
    const { events, next, hurry } = open(peer);
    await turn();
    for (const frame of ['one', 'two', 'three']) peer.push(frame);
    await turn();
    expect([peer.url, peer.protocols, peer.taken, events]).toEqual(['ws://a/ws', ['sluice.v1.json'], 0, ['open']]);
    await next();
    expect([peer.taken, events]).toEqual([1, ['open', 'one']]);
    hurry();
    await expect.poll(() => events).toEqual(['open', 'one', 'two', 'three']);
  });

  it('has binary frames, and sends', async () => {
    const peer = new Peer();
    const { socket, events, hurry } = open(peer);
    hurry();
    await turn();
    peer.push(new Uint8Array(3));
    socket.send('hello');
    await expect.poll(() => events).toEqual(['open', '3 bytes']);
    expect(peer.sent).toEqual(['hello']);
  });

  it('says how it was closed, after the last frame', async () => {
    const peer = new Peer();
    const { events, hurry } = open(peer);
    hurry();
    await turn();
    peer.push('last');
    await expect.poll(() => events).toEqual(['open', 'last']);
    peer.end(4010, 'come back');
    await expect.poll(() => events.at(-1)).toBe('closed 4010 come back');
  });

  it('is lost without a code', async () => {
    const peer = new Peer();
    const { events, hurry } = open(peer);
    hurry();
    await turn();
    peer.lose();
    await expect.poll(() => events).toEqual(['open', 'error', 'closed 1006 ']);
  });

  it('passes on how it is closed', async () => {
    const peer = new Peer();
    const { socket } = open(peer);
    await turn();
    socket.close(1000, 'done');
    socket.close();
    expect(peer.closings).toEqual([{ closeCode: 1000, reason: 'done' }, {}]);
  });
});
