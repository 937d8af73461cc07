import type { Clock, Timer } from '../util/clock.ts';
import { type Engine, EngineMisconfigured, EngineUnavailable } from './engine.ts';

/** Milliseconds between two attempts to start an engine that is away. */
export const AGAIN = 1_000;

export interface EngineStartOptions {
  readonly engine: Pick<Engine, 'startsLater'>;
  readonly clock: Clock;
  /** The start of the engine, and of everything that needs it: each is repeated until it succeeds once, in this order. */
  readonly steps: readonly (() => void | Promise<void>)[];
  /** A later attempt failed for a reason that waiting may not remove. It is repeated anyway. */
  readonly failed: (error: unknown) => void;
}

/** Starts an engine, and waits for one that is away. */
export class EngineStart {
  readonly #options: EngineStartOptions;
  readonly #steps: (() => void | Promise<void>)[];
  #waitingFor: string | undefined = 'the engine has not started';
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: EngineStartOptions) {
    this.#options = options;
    this.#steps = [...options.steps];
  }

  /** Why it has not started yet, for an operator; `undefined` if it has. */
  get waitingFor(): string | undefined {
    return this.#waitingFor;
  }

  /**
   * Resolves when the engine has started, or is away and awaited.
   *
   * @throws Error if it cannot be used, or cannot start later; the error says what to do
   */
  async begin(): Promise<void> {
    try {
      await this.#carryOn();
    } catch (error) {
      if (!this.#mayWait(error)) throw error;
      this.#wait(error);
    }
  }

  #mayWait(error: unknown): error is EngineUnavailable {
    if (error instanceof EngineMisconfigured) return false;
    return this.#options.engine.startsLater === true && error instanceof EngineUnavailable;
  }

  async #carryOn(): Promise<void> {
    for (let step = this.#steps[0]; step !== undefined && !this.#stopped; step = this.#steps[0]) {
      await step();
      this.#steps.shift();
    }
    this.#waitingFor = undefined;
  }

  #wait(error: unknown): void {
    this.#waitingFor = error instanceof Error ? error.message : String(error);
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(AGAIN, () => void this.#again());
  }

  async #again(): Promise<void> {
    try {
      await this.#carryOn();
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) this.#options.failed(error);
      this.#wait(error);
    }
  }

  /** Begins no further step. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
