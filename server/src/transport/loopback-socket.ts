import type { NativeSocket, SocketData, UwsConnection } from './uws-connection.ts';

/** Messages that uWebSockets.js collects for one subscriber before it writes them at once. */
const BATCH = 32;

type Frame = string | Uint8Array;

interface Queued {
  readonly frame: Frame;
  readonly binary: boolean;
}

/** The far end of a socket. */
export interface Reader {
  receive(frame: Frame, binary: boolean): void;
  /** The socket has ended: 1006 without a close frame. */
  ended(code: number, reason: string): void;
}

const sizeOf = (frame: Frame): number => (typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength);

/**
 * A native socket of uWebSockets.js 20, simulated in memory. It behaves as those do:
 *
 * - publishes are collected, and written at the loop's next step, before the next `send`, or when
 *   32 are waiting
 * - above its limit the buffer refuses frames: `dropped` is called for the first refused frame, and
 *   the rest of that batch is lost without notice
 * - the limit is checked before a frame is added, so the buffer can exceed it by one frame
 * - `drain` is called after the reader has read something
 * - using the socket after its close throws; so does leaving topics or closing within `dropped`,
 *   where uWebSockets.js would use freed memory
 */
export class LoopbackSocket implements NativeSocket {
  readonly topics = new Set<string>();
  readonly #data: SocketData;
  readonly #limit: number;
  readonly #reader: Reader;
  #connection: UwsConnection | undefined;
  #gone: () => void = () => {};
  #buffer: Queued[] = [];
  #buffered = 0;
  #collected: Queued[] = [];
  #stalled = false;
  #dropping = false;
  #state: 'open' | 'ended' | 'closed' = 'open';
  #closeFrame: { code: number; reason: string } | undefined;

  constructor(data: SocketData, { limit, reader }: { limit: number; reader: Reader }) {
    this.#data = data;
    this.#limit = limit;
    this.#reader = reader;
  }

  watch(connection: UwsConnection, gone: () => void): void {
    this.#connection = connection;
    this.#data.connection = connection;
    this.#gone = gone;
  }

  // Gateway
  // ----------------------------------------------------------------------------------------------------------

  getUserData(): SocketData {
    return this.#data;
  }

  getBufferedAmount(): number {
    this.#guard('getBufferedAmount');
    return this.#buffered;
  }

  send(frame: Frame, binary = false): number {
    this.#guard('send');
    return this.#send({ frame, binary });
  }

  subscribe(topic: string): boolean {
    this.#guard('subscribe', 'not in dropped');
    this.topics.add(topic);
    return true;
  }

  unsubscribe(topic: string): boolean {
    this.#guard('unsubscribe', 'not in dropped');
    return this.topics.delete(topic);
  }

  end(code = 1005, reason = ''): void {
    this.#guard('end', 'not in dropped');
    this.#state = 'ended';
    // The close frame is refused like any other frame; then the reader sees the socket end without
    // one.
    if (this.#accepts()) {
      this.#writeCollected();
      this.#closeFrame = { code, reason };
    } else this.#drop();
    this.#leave(code, reason);
    if (this.#buffer.length === 0) this.#finish();
  }

  close(): void {
    this.#guard('close', 'not in dropped');
    this.#cut(1006);
  }

  /** A publish: written later. */
  collect(frame: Uint8Array, binary: boolean): void {
    this.#collected.push({ frame, binary });
    if (this.#collected.length >= BATCH) this.#writeCollected();
  }

  /** The loop's step. */
  flush(): void {
    if (this.#state === 'open') this.#writeCollected();
  }

  // Reader
  // -----------------------------------------------------------------------------------------------------------

  /** A frame from the reader. */
  take(frame: Frame): void {
    if (this.#state === 'open') this.#connection?.frame(frame, sizeOf(frame));
  }

  /** Stops reading: everything that is written from now on stays in the buffer. */
  stall(): void {
    this.#stalled = true;
  }

  /** Continues to read. */
  unstall(): void {
    this.#stalled = false;
    this.read(Number.POSITIVE_INFINITY);
  }

  /** Reads frames of at least this many bytes. */
  read(bytes: number): void {
    if (this.#state === 'closed') return;
    const before = this.#buffered;
    while (this.#buffer.length > 0 && before - this.#buffered < bytes) this.#deliver(this.#buffer.shift());
    if (this.#state === 'ended' && this.#buffer.length === 0) this.#finish();
    else if (this.#state === 'open' && this.#buffered < before) this.#connection?.drained();
  }

  /** The reader disconnects, or closes. */
  vanish(code = 1006, reason = ''): void {
    if (this.#state !== 'closed') this.#cut(code, reason);
  }

  /** Bytes that wait for the reader. */
  get held(): number {
    return this.#buffered;
  }

  // -------------------------------------------------------------------------------------------------------------------

  #accepts(): boolean {
    return this.#buffered <= this.#limit;
  }

  #send(queued: Queued): number {
    if (!this.#accepts()) {
      this.#drop();
      return 2;
    }
    this.#writeCollected();
    this.#write(queued);
    return this.#buffered === 0 ? 1 : 0;
  }

  #drop(): void {
    this.#dropping = true;
    this.#connection?.dropped();
    this.#dropping = false;
  }

  #writeCollected(): void {
    const batch = this.#collected;
    this.#collected = [];
    for (const queued of batch) if (this.#send(queued) === 2) return; // the rest is lost
  }

  #write(queued: Queued): void {
    this.#buffered += sizeOf(queued.frame);
    // A copy, like the kernel's: the sender may reuse the bytes.
    const { frame, binary } = queued;
    const copy = { frame: typeof frame === 'string' ? frame : Uint8Array.from(frame), binary };
    if (this.#stalled || this.#buffer.length > 0) this.#buffer.push(copy);
    else this.#deliver(copy);
  }

  #deliver(queued: Queued | undefined): void {
    if (queued === undefined) return;
    this.#buffered -= sizeOf(queued.frame);
    this.#reader.receive(queued.frame, queued.binary);
  }

  #cut(code: number, reason = ''): void {
    const open = this.#state === 'open';
    this.#state = 'closed';
    this.#buffer = [];
    this.#buffered = 0;
    if (open) this.#leave(code, reason);
    this.#reader.ended(1006, '');
  }

  #leave(code: number, reason: string): void {
    this.topics.clear();
    this.#collected = [];
    this.#gone();
    this.#connection?.closed(code, reason);
  }

  #finish(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const { code, reason } = this.#closeFrame ?? { code: 1006, reason: '' };
    this.#reader.ended(code, reason);
  }

  #guard(method: string, place?: 'not in dropped'): void {
    if (this.#state !== 'open') throw new Error(`${method} on a native socket after its close`);
    if (this.#dropping && place !== undefined) throw new Error(`${method} within "dropped": a use after free`);
  }
}
