import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { EventBus } from '../events.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** The file descriptors of this process, as the system reports them. */
export interface DescriptorSource {
  /** How many may be open at a time; undefined if the system does not report it. */
  limit(): number | undefined;
  /** How many are open. */
  open(): number;
}

/** Milliseconds between two counts, and while descriptors are scarce. */
const PAUSE = 1_000;
const SHORT_PAUSE = 100;

/** Connections that a node is expected to hold; with fewer descriptors the gateway warns the operator at start. */
const EXPECTED = 10_000;

/**
 * Descriptors that connections never get: a twentieth of all, within these bounds. Files, the
 * engine and HTTP live on them.
 */
const SMALLEST_RESERVE = 32;
const LARGEST_RESERVE = 512;

export interface DescriptorWatchOptions {
  readonly source: DescriptorSource;
  readonly events: EventBus;
  readonly clock: Clock;
  /** Connections that the configuration lets one user or one address have. */
  readonly wanted: number;
}

/**
 * Watches how many file descriptors are left. Where none is, the system cannot accept a connection
 * and cannot get rid of it either, and a core spins on it; so connections are turned away before.
 */
export class DescriptorWatch {
  readonly #options: DescriptorWatchOptions;
  readonly #limit: number;
  readonly #reserve: number;
  #open = 0;
  /** Connections since the last count: at most this many more are open. */
  #arrived = 0;
  /** So many may come before it is worth counting again. */
  #step = 0;
  #isLow = false;
  #timer: Timer | undefined;

  constructor(options: DescriptorWatchOptions) {
    this.#options = options;
    this.#limit = options.source.limit() ?? Number.POSITIVE_INFINITY;
    const share = Math.min(LARGEST_RESERVE, Math.max(SMALLEST_RESERVE, Math.floor(this.#limit / 20)));
    this.#reserve = Math.min(share, Math.floor(this.#limit / 4));
  }

  /** Reports what the limit allows, and counts from now on. */
  start(): void {
    const { events, wanted } = this.#options;
    if (!this.#isKnown) {
      events.emit('descriptorsUnknown', {});
      return;
    }
    this.#count();
    const connections = Math.max(0, this.#limit - this.#reserve - this.#open);
    events.emit('descriptorsCounted', { limit: this.#limit, connections, expected: Math.max(EXPECTED, wanted) });
    this.#tick();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A connection was opened. Returns whether it may stay: otherwise it has to be closed at once, unread. */
  arrived(): boolean {
    if (!this.#isKnown) return true;
    if (this.#isFull) return false;
    this.#arrived++;
    if (this.#arrived >= this.#step) this.#count();
    return !this.#isFull;
  }

  /** Are there too few for more WebSockets? What is left is for HTTP: health checks are answered. */
  get isLow(): boolean {
    return this.#isLow;
  }

  /** The present state; undefined if the system does not report it. */
  get state(): { readonly open: number; readonly limit: number } | undefined {
    return this.#isKnown ? { open: this.#options.source.open(), limit: this.#limit } : undefined;
  }

  get #isKnown(): boolean {
    return Number.isFinite(this.#limit);
  }

  get #isFull(): boolean {
    return this.#open + this.#arrived >= this.#limit - this.#reserve / 4;
  }

  #tick(): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(this.#isLow ? SHORT_PAUSE : PAUSE, () => {
      this.#tick();
      this.#count();
    });
  }

  #count(): void {
    this.#open = this.#options.source.open();
    this.#arrived = 0;
    const room = this.#limit - this.#reserve - this.#open;
    this.#step = Math.max(room, Math.ceil(this.#reserve / 4));
    if (!this.#isLow && room <= 0) this.#turn(true);
    else if (this.#isLow && room > this.#reserve) this.#turn(false);
  }

  #turn(isLow: boolean): void {
    this.#isLow = isLow;
    if (this.#timer !== undefined) this.#tick(); // sooner, or not so soon
    const state = { open: this.#open, limit: this.#limit };
    this.#options.events.emit(isLow ? 'descriptorsLow' : 'descriptorsAmple', state);
  }
}

const LIMITS = '/proc/self/limits';
const OPEN = '/proc/self/fd';

/** The file descriptors of this process, on Linux. Other systems do not report the number of open ones. */
export function procDescriptors(): DescriptorSource {
  return {
    limit() {
      try {
        const soft = /^Max open files\s+(\d+)/m.exec(readFileSync(LIMITS, 'utf8'))?.[1];
        return soft === undefined ? undefined : Number(soft);
      } catch {
        return undefined; // no Linux, or no /proc
      }
    },
    open() {
      // Linux 6.2 and newer report the number without a list, and without a descriptor for reading it.
      const { size } = statSync(OPEN);
      return size > 0 ? size : countByList();
    },
  };
}

function countByList(): number {
  try {
    return readdirSync(OPEN).length - 1; // the list itself
  } catch {
    return Number.MAX_SAFE_INTEGER; // none is left to read the list
  }
}
