import type { HttpReply, HttpStream, StreamListener } from './http.ts';

/** Bytes that are taken from the gateway while the client reads nothing. */
const NATIVE = 65_536;

/** The client's end of an answer that goes on, in memory. */
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

  /** Bytes that were handed over and not read. */
  get held(): number {
    return this.#held.length;
  }

  /** Hands out what was read since the last call. */
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

  /** Vanishes. */
  cut(): void {
    this.#ended = true;
    this.#listener?.closed();
    this.#listener = undefined;
  }
}
