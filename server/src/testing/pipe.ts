import type { Socket } from 'node:net';

// As in test-clock.ts: the delay is that of a network, which a test's fake timers do not control.
const { setTimeout } = globalThis;

/** One direction of a link: bytes from one socket go to the other, on time, late, or not until later. */
export class Pipe {
  /** Milliseconds by which every byte is delayed. */
  delay = 0;
  readonly #from: Socket;
  readonly #to: Socket;
  #rewrite: ((chunk: Buffer) => Buffer | null) | undefined;
  #held = false;
  #jammed = false;
  // When the last byte in transit arrives: later bytes must not overtake it.
  #lastArrival = 0;

  /** @param rewrite changes the first bytes, once; returns `null` if it needs more of them */
  constructor(from: Socket, to: Socket, rewrite?: (chunk: Buffer) => Buffer | null) {
    this.#from = from;
    this.#to = to;
    this.#rewrite = rewrite;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => this.#later(() => to.end()));
    from.on('error', () => to.destroy());
    from.on('close', () => this.#later(() => to.destroy()));
    to.on('drain', () => {
      this.#jammed = false;
      this.#flow();
    });
  }

  /** Holds all bytes back, or releases them in order. */
  hold(held: boolean): void {
    this.#held = held;
    this.#flow();
  }

  #flow(): void {
    if (this.#held || this.#jammed) this.#from.pause();
    else this.#from.resume();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rewrite === undefined ? chunk : this.#rewrite(chunk);
    if (bytes === null) return;
    this.#rewrite = undefined;
    this.#later(() => this.#write(bytes));
  }

  #write(bytes: Buffer): void {
    if (this.#to.destroyed || this.#to.write(bytes)) return;
    // The reader does not keep up, so the link stops reading too, and the writer notices.
    this.#jammed = true;
    this.#flow();
  }

  #later(task: () => void): void {
    const now = performance.now();
    const arrival = Math.max(this.#lastArrival, now + this.delay);
    this.#lastArrival = arrival;
    if (arrival <= now) task();
    else setTimeout(task, arrival - now);
  }
}
