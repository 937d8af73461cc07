import type { HttpReply, HttpStream, StreamListener } from './http.ts';

/** Maximum bytes that are buffered while the client does not read. */
const NATIVE = 65_536;

/** The client's end of a streaming response, in memory. */
export class LoopbackStream implements HttpStream {
  readonly reply: HttpReply;
  #read = '';
  #held = '';
  #stalled = false;
  #behind = false;
  #ended = false;
  #listener: StreamListener | undefined;

  /** @param reply whose body is a stream */
  constructor(reply: HttpReply) {
    this.reply = reply;
    this.#listener = reply.stream?.open(this);
  }

  write(bytes: string | Uint8Array): boolean {
    const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
    if (this.#ended) return false;
    if (this.#stalled) this.#held += text;
    else this.#read += text;
    this.#behind = this.#held.length > NATIVE;
    return !this.#behind;
  }

  end(): void {
    this.#ended = true;
    this.#listener = undefined;
  }

  /** Has either side ended it? */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes that were sent and not read yet. */
  get held(): number {
    return this.#held.length;
  }

  /** Returns the bytes received since the last call. */
  take(): string {
    const text = this.#read;
    this.#read = '';
    return text;
  }

  stall(): void {
    this.#stalled = true;
  }

  unstall(): void {
    this.#stalled = false;
    this.#read += this.#held;
    this.#held = '';
    const wasBehind = this.#behind;
    this.#behind = false;
    if (wasBehind) this.#listener?.drained();
  }

  /** Disconnects. */
  cut(): void {
    this.#ended = true;
    this.#listener?.closed();
    this.#listener = undefined;
  }
}
