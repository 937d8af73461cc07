import { Heap } from '../../util/heap.ts';
import type { Entry, Phase } from './entry.ts';

/** An entry, and a time at or before which it is due. */
interface Alarm {
  readonly at: number;
  readonly entry: Entry;
}

/** Obsolete alarms that may accumulate before they are removed. */
const OBSOLETE = 1_024;

const isTimed = ({ phase }: Entry): boolean => phase === 'in_flight' || phase === 'delayed';

/** What the entries of a group wait for: which one is delivered next, and which one is due next. */
export class Schedule {
  readonly #ready = new Heap<Entry>((a, b) => a.offset < b.offset);
  // An entry that is due later than its alarm says gets another one then; so extending costs nothing.
  readonly #alarms = new Heap<Alarm>((a, b) => a.at < b.at);
  readonly #counts: { [P in Phase]: number } = { in_flight: 0, delayed: 0, ready: 0, blocked: 0, settled: 0 };

  count(phase: Phase): number {
    return this.#counts[phase];
  }

  /** Adds an entry in its phase. */
  add(entry: Entry): void {
    this.#counts[entry.phase]++;
    if (entry.phase === 'ready') this.#ready.push(entry);
    if (isTimed(entry)) this.#setAlarm(entry);
  }

  move(entry: Entry, phase: Phase): void {
    this.#counts[entry.phase]--;
    entry.phase = phase;
    this.add(entry);
  }

  /** Moves an entry to a phase that ends at a time. */
  moveUntil(entry: Entry, phase: 'in_flight' | 'delayed', due: number): void {
    entry.due = due;
    this.move(entry, phase);
  }

  /** The delivery of an entry ends earlier than planned. */
  shorten(entry: Entry, due: number): void {
    if (due >= entry.due) return;
    entry.due = due;
    this.#setAlarm(entry);
  }

  /** Removes the ready entry with the smallest offset from the queue; the caller moves it. */
  takeReady(): Entry | undefined {
    for (let entry = this.#ready.pop(); entry !== undefined; entry = this.#ready.pop()) {
      if (entry.phase === 'ready') return entry;
    }
    return undefined;
  }

  /** Removes an entry that is due; the caller moves it. */
  takeDue(now: number): Entry | undefined {
    for (let alarm = this.#alarms.peek(); alarm !== undefined && alarm.at <= now; alarm = this.#alarms.peek()) {
      this.#alarms.pop();
      const { entry } = alarm;
      if (!isTimed(entry)) continue;
      if (entry.due <= now) return entry;
      this.#setAlarm(entry);
    }
    return undefined;
  }

  /** When something is due next; not later than that. Infinity: nothing is. */
  get nextDue(): number {
    while (this.#alarms.size > 0) {
      const alarm = this.#alarms.peek() as Alarm;
      if (isTimed(alarm.entry)) return alarm.at;
      this.#alarms.pop();
    }
    return Number.POSITIVE_INFINITY;
  }

  clear(): void {
    this.#ready.clear();
    this.#alarms.clear();
    for (const phase of Object.keys(this.#counts) as Phase[]) this.#counts[phase] = 0;
  }

  #setAlarm(entry: Entry): void {
    this.#alarms.push({ at: entry.due, entry });
    const timed = this.#counts.in_flight + this.#counts.delayed;
    if (this.#alarms.size > 2 * timed + OBSOLETE) this.#removeObsolete();
  }

  /** Each entry keeps one alarm that is not too late for it. */
  #removeObsolete(): void {
    const kept = new Set<Entry>();
    this.#alarms.keep(({ at, entry }) => {
      const isNeeded = isTimed(entry) && at <= entry.due && !kept.has(entry);
      if (isNeeded) kept.add(entry);
      return isNeeded;
    });
  }
}
