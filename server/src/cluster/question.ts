import type { Clock, Timer } from '../util/clock.ts';
import type { Answers } from './cluster.ts';

type Answer = Answers<unknown>['answers'][number];

/** A question that waits for the answers of other nodes, for a limited time. */
export class Question {
  /** Resolves when every node has answered, or the time is over. */
  readonly outcome: Promise<Answers<unknown>>;
  readonly #waiting: Set<string>;
  readonly #lost: string[] = [];
  readonly #answers: Answer[] = [];
  readonly #timer: Timer;
  #resolve: (outcome: Answers<unknown>) => void = () => {};

  /** @param time milliseconds until the answers that are still missing are given up */
  constructor(addresses: readonly string[], { clock, time }: { readonly clock: Clock; readonly time: number }) {
    this.#waiting = new Set(addresses);
    this.#timer = clock.after(time, () => this.finish());
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  answered(address: string, answer: Answer): void {
    if (!this.#waiting.delete(address)) return;
    this.#answers.push(answer);
    if (this.#waiting.size === 0) this.finish();
  }

  /** The node has gone, or cannot answer. */
  lose(address: string): void {
    if (!this.#waiting.delete(address)) return;
    this.#lost.push(address);
    if (this.#waiting.size === 0) this.finish();
  }

  /** Ends the wait with what there is. */
  finish(): void {
    this.#timer.cancel();
    this.#resolve({ answers: this.#answers, missing: [...this.#lost, ...this.#waiting] });
  }
}
