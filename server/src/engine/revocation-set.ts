import { SortedList } from '../util/sorted-list.ts';
import { type Revocation, type RevocationsPage, textOfRevocation } from './revocations.ts';

/** Milliseconds between two searches for revocations that are over: the set may be large. */
const TIDY_EVERY = 60_000;
/** Digits of a time, so that texts have the order of the times. */
const DIGITS = 16;

/** A revocation of a store in memory, with what the store knows of it. */
interface Kept<Note> {
  readonly revocation: Revocation;
  readonly note: Note;
}

/** In the order in which they end. */
const keyOf = (revocation: Revocation): string => `${timeKey(revocation.until)} ${textOfRevocation(revocation)}`;
const timeKey = (time: number): string => String(Math.max(0, Math.floor(time))).padStart(DIGITS, '0');

/** Revocations of a store in memory, each once. */
export class RevocationSet<Note> {
  readonly #kept = new SortedList<Kept<Note>>(({ revocation }) => keyOf(revocation));
  #tidyAt = 0;

  /** What the store knows of a revocation; `undefined`: it is not in the set. */
  noteOf(revocation: Revocation): Note | undefined {
    return this.#kept.get(keyOf(revocation))?.note;
  }

  add(revocation: Revocation, note: Note): void {
    this.#kept.add({ revocation, note });
  }

  delete(revocation: Revocation): void {
    this.#kept.delete(keyOf(revocation));
  }

  inForce(now: number): readonly Revocation[] {
    return [...this.#from(now)].map(({ revocation }) => revocation);
  }

  page(after: string, limit: number, now: number): RevocationsPage {
    const revocations: Revocation[] = [];
    for (const { revocation } of this.#from(now, after)) {
      const last = revocations.at(-1);
      if (last !== undefined && revocations.length === limit) return { revocations, next: keyOf(last) };
      revocations.push(revocation);
    }
    return { revocations };
  }

  /** Those that are over, with their notes. */
  over(now: number): readonly Kept<Note>[] {
    const over: Kept<Note>[] = [];
    for (const kept of this.#kept) {
      if (kept.revocation.until > now) break;
      over.push(kept);
    }
    return over;
  }

  /** Removes those that are over, at most once a minute. */
  tidy(now: number): void {
    if (now < this.#tidyAt) return;
    this.#tidyAt = now + TIDY_EVERY;
    for (const { revocation } of this.over(now)) this.delete(revocation);
  }

  /** Those that are in force, after a key. */
  *#from(now: number, after = ''): Generator<Kept<Note>, void> {
    const first = timeKey(now + 1);
    for (const kept of this.#kept.from(after > first ? after : first)) {
      if (kept.revocation.until > now && keyOf(kept.revocation) !== after) yield kept;
    }
  }
}
