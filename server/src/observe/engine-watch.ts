import type { EventBus } from '../events.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** Milliseconds between two looks at whether the engine is in trouble. */
const LOOK = 1_000;

/** The part of an engine that operators are informed of. */
interface Watched {
  readonly name: string;
  readonly trouble?: string | undefined;
}

/** Notifies operators once when the engine cannot execute operations, and once when it can again. */
export class EngineWatch {
  readonly #engine: Watched;
  readonly #events: EventBus;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  /** When the reported trouble was first seen. */
  #since: number | undefined;

  constructor(engine: Watched, { events, clock }: { events: EventBus; clock: Clock }) {
    this.#engine = engine;
    this.#events = events;
    this.#clock = clock;
  }

  /** Looks now, and from now on; not at an engine that knows no trouble. */
  start(): void {
    if (!('trouble' in this.#engine)) return;
    this.#look();
    this.#timer = this.#clock.after(LOOK, () => this.start());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { name, trouble } = this.#engine;
    const since = this.#since;
    if (trouble !== undefined && since === undefined) {
      this.#since = this.#clock.monotonic();
      this.#events.emit('engineTroubled', { engine: name, trouble });
    } else if (trouble === undefined && since !== undefined) {
      this.#since = undefined;
      this.#events.emit('engineRecovered', { engine: name, duration: this.#clock.monotonic() - since });
    }
  }
}
