import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import { type Revocation, type RevocationStore, textOfRevocation } from '../revocations.ts';

/** Revocations in this process's memory. */
export class MemoryRevocations implements RevocationStore {
  readonly #age: AgeClock;
  #revocations: readonly Revocation[] = [];
  /** Called with each added revocation. */
  onAdded: (revocation: Revocation) => void = () => {};

  constructor(clock: Clock) {
    this.#age = new AgeClock(clock);
  }

  add(revocation: Revocation): void {
    const text = textOfRevocation(revocation);
    const known = this.all();
    if (!known.some((other) => textOfRevocation(other) === text)) this.#revocations = [...known, revocation];
    this.onAdded(revocation);
  }

  all(): readonly Revocation[] {
    const now = this.#age.now();
    this.#revocations = this.#revocations.filter(({ until }) => until > now);
    return this.#revocations;
  }
}
