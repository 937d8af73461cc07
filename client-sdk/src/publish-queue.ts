import { after, type Cancel, nothing } from './timer.ts';

/** A command that waits for its turn, by its id. */
export interface QueuedCommand {
  readonly id: number;
  /** What it takes of the window: 1 for a small one. */
  readonly weight: number;
}

// So many may be unanswered at once; of large ones, 250 KB: what a connection may send in a second. The gateway closes a connection after 200 refusals in a row. SPEC.md section 10.
const WIDTH = 100;

// Each series is a later one than all before, also where a channel gets a queue anew.
let last = 0;

/**
 * The publishes to one channel, in the order of the calls. After a refusal those behind it wait as well; then one goes
 * ahead, and twice as many with each round of answers.
 */
export class PublishQueue<T extends QueuedCommand> {
  /** What is sent in one series stands in its order, or is refused with the first of it. SPEC.md section 4.5. */
  series = ++last;
  readonly #send: (command: T) => void;
  #queue: T[] = [];
  readonly #sent = new Set<T>();
  // What those that are sent take of the window.
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
   * It has been answered, or is not wanted any more.
   *
   * @returns is there nothing left?
   */
  done(command: T): boolean {
    if (this.#take(command)) this.#width = Math.min(WIDTH, this.#width + 1);
    else this.#queue = this.#queue.filter((other) => other !== command);
    this.#advance();
    return this.#sent.size + this.#queue.length === 0;
  }

  /** It was refused: it goes again after so many milliseconds, or when the first of those that were refused does. */
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

  /** Sends nothing any more. */
  stop(): void {
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

  /** @returns was it on its way? */
  #take(command: T): boolean {
    const sent = this.#sent.delete(command);
    if (sent) this.#load -= command.weight;
    return sent;
  }
}
