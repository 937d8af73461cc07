import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import { RevocationSet } from '../revocation-set.ts';
import type { Revocation, RevocationStore, RevocationsPage } from '../revocations.ts';

/** Revocations in this process's memory. */
export class MemoryRevocations implements RevocationStore {
  readonly #age: AgeClock;
  readonly #revocations = new RevocationSet<null>();
  /** Called with each added revocation. */
  onAdded: (revocation: Revocation) => void = () => {};

  constructor(clock: Clock) {
    this.#age = new AgeClock(clock);
  }

  add(revocation: Revocation): void {
    this.#revocations.tidy(this.#age.now());
    this.#revocations.add(revocation, null);
    this.onAdded(revocation);
  }

  all(): readonly Revocation[] {
    return this.#revocations.inForce(this.#age.now());
  }

  page(after: string, limit: number): RevocationsPage {
    return this.#revocations.page(after, limit, this.#age.now());
  }
}
