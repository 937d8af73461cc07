import type { Clock, Timer } from '@sluice/server/bridging';

/** Milliseconds for which a bridge that stops waits for what it has sent. */
const GRACE = 10_000;

export interface GraceParts {
  readonly clock: Clock;
  /** Nothing new is sent. */
  readonly stop: AbortSignal;
  /** Another node may run the bridge: nothing more must reach the broker. */
  readonly lost: AbortSignal;
}

/** The time for a bridge that stops to acknowledge what it has sent: otherwise it would be sent again. */
export class Grace {
  readonly #parts: GraceParts;
  readonly #over = new AbortController();
  #timer: Timer | undefined;

  constructor(parts: GraceParts) {
    this.#parts = parts;
    const { stop, lost } = parts;
    stop.addEventListener('abort', this.#begin);
    lost.addEventListener('abort', this.#end);
    if (stop.aborted) this.#begin();
  }

  readonly #begin = (): void => {
    if (this.#parts.lost.aborted) this.#end();
    else this.#timer ??= this.#parts.clock.after(GRACE, this.#end);
  };

  readonly #end = (): void => this.#over.abort(new Error('the bridge stops'));

  /** Aborts when it is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Nothing waits any more. */
  close(): void {
    const { stop, lost } = this.#parts;
    stop.removeEventListener('abort', this.#begin);
    lost.removeEventListener('abort', this.#end);
    this.#timer?.cancel();
  }
}
