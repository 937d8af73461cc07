import { type Revocation, textOfRevocation } from './revocations.ts';

/** Milliseconds between two searches for revocations that are over: the set may be large. */
const TIDY_EVERY = 60_000;

/** Revocations of a store in memory, each once, with what the store knows of each. */
export class RevocationSet<Note> {
  readonly #kept = new Map<string, { readonly revocation: Revocation; readonly note: Note }>();
  #tidyAt = 0;

  /** What the store knows of a revocation; `undefined`: it is not in the set. */
  noteOf(revocation: Revocation): Note | undefined {
    return this.#kept.get(textOfRevocation(revocation))?.note;
  }

  add(revocation: Revocation, note: Note): void {
    this.#kept.set(textOfRevocation(revocation), { revocation, note });
  }

  delete(revocation: Revocation): void {
    this.#kept.delete(textOfRevocation(revocation));
  }

  inForce(now: number): readonly Revocation[] {
    return [...this.#kept.values()]
      .filter(({ revocation }) => revocation.until > now)
      .map(({ revocation }) => revocation);
  }

  /** Those that are over, with their notes. */
  over(now: number): readonly { readonly revocation: Revocation; readonly note: Note }[] {
    return [...this.#kept.values()].filter(({ revocation }) => revocation.until <= now);
  }

  /** Removes those that are over, at most once a minute. */
  tidy(now: number): void {
    if (now < this.#tidyAt) return;
    this.#tidyAt = now + TIDY_EVERY;
    for (const { revocation } of this.over(now)) this.delete(revocation);
  }
}
