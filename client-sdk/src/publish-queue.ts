import { after, type Cancel, nothing } from './timer.ts';

/** A command in the queue, sorted by its id. */
export interface QueuedCommand {
  readonly id: number;
  /** Its share of the window: 1 for a small command. */
  readonly weight: number;
}

// Maximum weight without an answer: 100 small commands, or 250 KB, which a connection may send per
// second. The gateway closes a connection after 200 refusals in a row. SPEC.md section 10.
const WIDTH = 100;

// Series numbers increase, even if a channel gets a new queue.
let last = 0;

/**
 * The publishes to one channel, in the order of the calls. After a refusal the later ones wait as
 * well; then one is sent, and twice as many with each round of answers.
 */
export class PublishQueue<T extends QueuedCommand> {
  /** The gateway appends a series in order, or refuses the rest of it after the first refusal. SPEC.md section 4.5. */
  series = ++last;
  readonly #send: (command: T) => void;
  #queue: T[] = [];
  readonly #sent = new Set<T>();
  // Weight of the commands that were sent.
  #load = 0;
  #width = WIDTH;
  #stopped = false;
  #cancelPause: Cancel = nothing;

  constructor(send: (command: T) => void) {
    this.#send = send;
  }

  add(command: T): void {
    this.#queue.push(command);
    this.#advance();
  }

  /**
   * A command was answered or cancelled.
   *
   * @returns whether the queue is empty
   */
  settle(command: T): boolean {
    if (this.#take(command)) this.#width = Math.min(WIDTH, this.#width + 1);
    else this.#queue = this.#queue.filter((other) => other !== command);
    this.#advance();
    return this.#sent.size + this.#queue.length === 0;
  }

  /** A command was refused: sends it again after `pause` milliseconds, or together with earlier refused ones. */
  again(command: T, pause: number): void {
    this.#take(command);
    this.#queue.push(command);
    this.#queue.sort((a, b) => a.id - b.id);
    this.#width = 1;
    this.series = ++last;
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelPause = after(pause, () => {
      this.#stopped = false;
      this.#advance();
    });
  }

  /** Stops sending. */
  halt(): void {
    this.#stopped = true;
    this.#cancelPause();
  }

  #advance(): void {
    while (!this.#stopped && this.#load < this.#width) {
      const command = this.#queue.shift();
      if (!command) return;
      this.#load += command.weight;
      this.#sent.add(command);
      this.#send(command);
    }
  }

  /** @returns whether it was sent */
  #take(command: T): boolean {
    const sent = this.#sent.delete(command);
    if (sent) this.#load -= command.weight;
    return sent;
  }
}
