import type { Socket } from 'node:net';

// As in test-clock.ts: a delay is one of the network, which a test's faked timers do not rule.
const { setTimeout } = globalThis;

/** One direction of a link: what comes in at one socket goes out at the other, late, or not at all for a while. */
export class Pipe {
  /** Milliseconds that every byte takes. */
  delay = 0;
  readonly #from: Socket;
  readonly #to: Socket;
  #rewrite: ((chunk: Buffer) => Buffer | null) | undefined;
  #held = false;
  #jammed = false;
  // When the last of what is on the way arrives: nothing may overtake it.
  #lastArrival = 0;

  /** @param rewrite changes what comes first, once; `null` where it needs to see more */
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

  /** Lets nothing pass any more, or everything again, also what waited. */
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
    // The reader does not keep up: neither does the link, so that the writer learns of it.
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
