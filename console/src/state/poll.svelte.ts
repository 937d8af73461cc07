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

  /** @param read is called again at once when something that it reads synchronously changes */
  constructor(read: () => Promise<T>, interval = INTERVAL) {
    this.#read = read;
    $effect(() => {
      void this.refresh();
      const timer = setInterval(() => {
        if (document.visibilityState === 'visible') void this.refresh();
      }, interval);
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
