import type { Clock } from '../util/clock.ts';
import type { HookAnswer } from './hook-answer.ts';

/** Answers that are kept; beyond that, the one that was not used for longest is dropped. */
const MOST = 20_000;

interface Remembered {
  readonly answer: HookAnswer;
  /** By the monotonic clock, in ms. */
  readonly until: number;
}

/** Remembers the answers of hooks: fresh ones spare a question, older ones replace a hook that fails. */
export class AnswerCache {
  readonly #clock: Clock;
  readonly #answers = new Map<string, Remembered>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** An answer whose time has not passed. */
  fresh(key: string): HookAnswer | undefined {
    const found = this.#answers.get(key);
    return found !== undefined && this.#clock.monotonic() < found.until ? this.#use(key, found) : undefined;
  }

  /** The last answer, however old. */
  last(key: string): HookAnswer | undefined {
    const found = this.#answers.get(key);
    return found && this.#use(key, found);
  }

  #use(key: string, found: Remembered): HookAnswer {
    this.#answers.delete(key); // moves it to the end: the map is in the order of use
    this.#answers.set(key, found);
    return found.answer;
  }

  /** @param ttl milliseconds */
  keep(key: string, answer: HookAnswer, ttl: number): void {
    this.#answers.delete(key);
    this.#answers.set(key, { answer, until: this.#clock.monotonic() + ttl });
    if (this.#answers.size <= MOST) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  clear(): void {
    this.#answers.clear();
  }
}
