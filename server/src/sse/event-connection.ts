import type { Connection, ConnectionListener } from '../transport/connection.ts';
import type { HttpStream, StreamBody, StreamListener } from '../transport/http.ts';
import type { StreamTopics, TopicMember } from '../transport/stream-topics.ts';

export interface EventConnectionOptions {
  readonly id: string;
  readonly address: string;
  readonly topics: StreamTopics;
  /** Maximum bytes buffered for the reader. */
  readonly limit: number;
  /** The line with the stream's position; may be empty. */
  readonly position: () => string;
  readonly closed: (connection: EventConnection) => void;
}

/**
 * Maximum bytes that are sent before the end of the turn. Less than the limit at which a replay
 * waits.
 */
const EAGER = 32_768;
/** Maximum bytes of one write. */
const SLICE = 65_536;
/** The close code of a connection that ended without a close frame. RFC 6455. */
const LOST = 1006;

type Chunk = string | Uint8Array;

/**
 * An event stream as a connection. Replies, pushes and publishes are collected until the end of the
 * turn and sent in one piece, whose last event has the stream's position. It refuses no publish:
 * after an overflow it accepts the rest of the turn, and its cursors leave the topics before the
 * next turn.
 */
export class EventConnection implements Connection, StreamBody, StreamListener, TopicMember {
  readonly id: string;
  readonly address: string;
  readonly protocol = 'sse';
  readonly lossless = true;
  readonly filler = ':\n';
  readonly #options: EventConnectionOptions;
  readonly #joined = new Set<string>();
  #listener: ConnectionListener | undefined;
  #stream: HttpStream | undefined;
  #isClosed = false;
  #pending: Chunk[] = [];
  #bytes = 0;
  /** Bytes that were sent to this connection only, not published. */
  #own = 0;
  #inBlock = false;
  #touched = false;
  #behind = false;
  #overflowed = false;

  constructor(options: EventConnectionOptions) {
    this.#options = options;
    this.id = options.id;
    this.address = options.address;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    listener.opened?.();
  }

  send(frame: Chunk): void {
    const size = typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength;
    this.#own += size;
    if (this.#own > 2 * this.#options.limit) this.close(LOST, '');
    else this.receive(frame, size);
  }

  receive(frame: Chunk, size: number): void {
    if (this.#isClosed) return;
    if (this.#inBlock) this.#pending.push('\n');
    this.#pending.push(frame);
    this.#inBlock = true;
    this.#bytes += size + 1;
    this.#touch();
    // A reader that keeps up never overflows, however large the event: nothing would drain afterwards.
    if (this.#bytes >= EAGER) this.#write();
    this.#check();
  }

  #touch(): void {
    if (this.#touched) return;
    this.#touched = true;
    this.#options.topics.touch(this);
  }

  #check(): void {
    if (this.#overflowed || this.#bytes <= this.#options.limit) return;
    this.#overflowed = true;
    this.#listener?.overflow();
  }

  flush(): void {
    this.#touched = false;
    if (this.#isClosed) return;
    this.#endBlock();
    this.#write();
    this.#check();
  }

  #endBlock(): void {
    if (!this.#inBlock) return;
    this.#inBlock = false;
    const end = `${this.#options.position()}\n`;
    this.#pending.push(end);
    this.#bytes += end.length;
  }

  /** Sends a sign of life, unless there is unsent data anyway. */
  beat(): void {
    if (this.#stream !== undefined && this.#pending.length === 0 && !this.#behind) {
      this.#behind = !this.#stream.write(this.filler);
    }
  }

  #write(): void {
    while (this.#stream !== undefined && !this.#behind && this.#pending.length > 0) {
      this.#behind = !this.#stream.write(this.#takeSlice());
    }
    if (this.#pending.length > 0) return;
    this.#bytes = 0;
    this.#own = 0;
  }

  #takeSlice(): Chunk {
    let count = 0;
    let size = 0;
    while (count < this.#pending.length && (count === 0 || size < SLICE)) size += this.#pending[count++]?.length ?? 0;
    const chunks = this.#pending.splice(0, count);
    const slice = joinChunks(chunks);
    this.#bytes -= size;
    return slice;
  }

  // Stream
  // -----------------------------------------------------------------------------------------------------------

  open(stream: HttpStream): StreamListener {
    this.#stream = stream;
    if (this.#isClosed) {
      if (this.#pending.length > 0) stream.write(joinChunks(this.#pending));
      this.#pending = [];
      stream.end();
    } else {
      this.drained();
    }
    return this;
  }

  drained(): void {
    this.#behind = false;
    this.#write();
    if (this.#behind) return;
    this.#overflowed = false;
    this.#listener?.drain();
  }

  abandon(): void {
    this.closed();
  }

  closed(): void {
    this.#finish(LOST, '');
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#endBlock();
    // It is the last write: the transport buffers it until the reader has received it.
    if (this.#pending.length > 0) this.#stream?.write(joinChunks(this.#pending));
    this.#stream?.end();
    this.#finish(code, reason);
  }

  #finish(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#stream !== undefined) this.#pending = [];
    for (const topic of this.#joined) this.#options.topics.leave(topic, this);
    this.#joined.clear();
    this.#options.closed(this);
    this.#listener?.closed(code, reason);
    this.#listener = undefined;
  }

  // Topics -----------------------------------------------------------------------------------------------------------

  trust(): void {}

  join(topic: string): void {
    if (this.#isClosed) return;
    this.#joined.add(topic);
    this.#options.topics.join(topic, this);
  }

  leave(topic: string): void {
    if (this.#joined.delete(topic)) this.#options.topics.leave(topic, this);
  }

  /** Unless the reader is behind, everything is sent by the end of the turn. */
  get buffered(): number {
    return this.#behind || this.#stream === undefined ? this.#bytes : 0;
  }

  get congested(): boolean {
    return this.#overflowed || this.#behind;
  }

  hasRoom(lowWater: number): boolean {
    return !this.congested && this.buffered < lowWater;
  }
}

function joinChunks(chunks: readonly Chunk[]): Chunk {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  if (chunks.every((chunk) => typeof chunk === 'string')) return chunks.join('');
  return Buffer.concat(chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)));
}
