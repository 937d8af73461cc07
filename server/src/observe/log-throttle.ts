import type { Clock, Timer } from '../util/clock.ts';

/** Milliseconds for which lines are counted. */
const SPAN = 1_000;
/** Kinds of lines that are counted separately; all others are counted together. Far more than exist. */
const MOST_KINDS = 500;
const OTHERS = 'others';

/** A kind of line: its text and its reason. */
export interface LineKind {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  /** Of a small vocabulary, such as the catalogue of errors: never a text that a peer chooses. */
  readonly reason: string;
  /** Lines of this kind that a second may have. */
  readonly most: number;
}

interface Count {
  readonly kind: LineKind;
  written: number;
  leftOut: number;
}

/**
 * Writes a limited number of lines of a kind per second, and counts the rest. When the second ends the
 * number of lines that were left out is reported: that report is the first line of the next second.
 * So a peer cannot fill a disk, and nothing happens without a trace.
 */
export class LogThrottle {
  readonly #clock: Clock;
  readonly #report: (kind: LineKind, leftOut: number) => void;
  #counts = new Map<string, Count>();
  #timer: Timer | undefined;

  /** @param report writes how many lines of a kind were left out */
  constructor(clock: Clock, report: (kind: LineKind, leftOut: number) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** May this line be written? */
  admits(kind: LineKind): boolean {
    const count = this.#countOf(kind);
    this.#timer ??= this.#clock.after(SPAN, () => this.#endSecond());
    if (count.written >= kind.most) {
      count.leftOut++;
      return false;
    }
    count.written++;
    return true;
  }

  #countOf(kind: LineKind): Count {
    const name = `${kind.message}: ${kind.reason}`;
    const known = this.#counts.get(name);
    if (known !== undefined) return known;
    if (this.#counts.size < MOST_KINDS) return this.#add(name, kind);
    return this.#counts.get(OTHERS) ?? this.#add(OTHERS, { ...kind, message: OTHERS, reason: OTHERS });
  }

  #add(name: string, kind: LineKind): Count {
    const count = { kind, written: 0, leftOut: 0 };
    this.#counts.set(name, count);
    return count;
  }

  #endSecond(): void {
    this.#timer = undefined;
    const ended = this.#counts;
    this.#counts = new Map();
    for (const [name, { kind, leftOut }] of ended) {
      if (leftOut === 0) continue;
      this.#add(name, kind).written = 1;
      this.#report(kind, leftOut);
    }
    if (this.#counts.size > 0) this.#timer = this.#clock.after(SPAN, () => this.#endSecond());
  }

  /** Reports the omitted lines until now, and stops its timer. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const ended = this.#counts;
    this.#counts = new Map();
    for (const { kind, leftOut } of ended.values()) if (leftOut > 0) this.#report(kind, leftOut);
  }
}
