import type { ApiError } from './api.ts';
import { asApiError } from './session.svelte.ts';

/** Milliseconds between two looks. */
const INTERVAL = 2_000;

/**
 * Something that is read again and again while the page is visible. Keeps the last value when a read
 * fails. Create it while a component is initialized, and it ends with the component.
 */
export class Poll<T> {
  #value = $state.raw<T | undefined>();
  #problem = $state.raw<ApiError | undefined>();
  readonly #read: () => Promise<T>;
  #generation = 0;

  /**
   * @param read is called again at once when something that it reads synchronously changes
   * @param interval milliseconds, or what decides about it; `null`: not again
   */
  constructor(read: () => Promise<T>, interval: number | (() => number | null) = INTERVAL) {
    this.#read = read;
    $effect(() => {
      void this.refresh();
      const pause = typeof interval === 'number' ? interval : interval();
      if (pause === null) return () => void this.#generation++;
      const timer = setInterval(() => {
        if (document.visibilityState === 'visible') void this.refresh();
      }, pause);
      return () => {
        this.#generation++;
        clearInterval(timer);
      };
    });
  }

  get value(): T | undefined {
    return this.#value;
  }

  get problem(): ApiError | undefined {
    return this.#problem;
  }

  get loading(): boolean {
    return this.#value === undefined && this.#problem === undefined;
  }

  /** Reads it now. */
  async refresh(): Promise<void> {
    const generation = ++this.#generation;
    try {
      const value = await this.#read();
      if (generation !== this.#generation) return;
      this.#value = value;
      this.#problem = undefined;
    } catch (error) {
      if (generation === this.#generation) this.#problem = asApiError(error);
    }
  }
}
