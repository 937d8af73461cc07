import type { Socket } from 'node:net';
import { FrameReader, HEAD } from './frame-reader.ts';

export interface FrameSocketListener {
  /** Items that came in one frame, in their order. */
  items(items: readonly unknown[]): void;
  /** Everything that waited has been handed to the system. */
  drained?(): void;
  closed(): void;
}

/**
 * Items over a socket between two processes of one machine. What is sent during a turn of the event
 * loop goes out as one frame when it ends: one system call, and one waking of the other side, for
 * hundreds of messages.
 */
export class FrameSocket {
  readonly #socket: Socket;
  #waiting: string[] = [];
  #size = 0;
  #scheduled = false;
  #open = true;

  constructor(socket: Socket, listener: FrameSocketListener) {
    this.#socket = socket;
    const reader = new FrameReader((text) => listener.items(JSON.parse(text) as readonly unknown[]));
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : undefined);
      }
    });
    socket.on('drain', () => listener.drained?.());
    socket.on('error', () => {}); // "close" comes next
    socket.on('close', () => {
      this.#open = false;
      listener.closed();
    });
  }

  /** Approximate bytes that the other side has not read. */
  get waiting(): number {
    return this.#size + this.#socket.writableLength;
  }

  /** Sends an item that was encoded before: once for all who get it. */
  sendText(text: string): void {
    if (!this.#open) return;
    this.#waiting.push(text);
    this.#size += text.length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  send(item: readonly unknown[]): void {
    this.sendText(JSON.stringify(item));
  }

  /** Sends now what waits for the end of the turn. */
  flush(): void {
    this.#scheduled = false;
    if (this.#waiting.length === 0 || !this.#open) return;
    const text = `[${this.#waiting.join(',')}]`;
    this.#waiting = [];
    this.#size = 0;
    const frame = Buffer.allocUnsafe(HEAD + Buffer.byteLength(text));
    frame.writeUInt32BE(frame.byteLength - HEAD);
    frame.write(text, HEAD, 'utf8');
    this.#socket.write(frame);
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Hands over what waits, then closes. */
  end(): void {
    this.flush();
    this.#socket.end();
  }

  /** Closes at once. */
  cut(): void {
    this.#socket.destroy();
  }
}
