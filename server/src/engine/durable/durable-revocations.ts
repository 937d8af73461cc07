import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import { RevocationSet } from '../revocation-set.ts';
import type { Revocation, RevocationStore, RevocationsPage } from '../revocations.ts';
import type { Batch } from './batch.ts';
import { numberKey, numberOf } from './records.ts';
import type { Store } from './store.ts';

/** Writes what `plan` decides; resolves when it is on disk. */
export type Write = (plan: (batch: Batch) => void) => Promise<void>;

/** Revocations on disk; those in force are in memory as well, because every new connection asks for them. */
export class DurableRevocations implements RevocationStore {
  readonly #age: AgeClock;
  readonly #write: Write;
  /** With their numbers on disk: several if it was added again before it was on disk. */
  readonly #kept = new RevocationSet<readonly number[]>();
  /** Called with each added revocation. */
  onAdded: (revocation: Revocation) => void = () => {};

  constructor({ store, clock, write }: { store: Store; clock: Clock; write: Write }) {
    this.#age = new AgeClock(clock);
    this.#write = write;
    const rows = store.rows('revocations', { limit: Number.MAX_SAFE_INTEGER });
    for (const { key, value } of rows) this.#note(JSON.parse(value.toString()) as Revocation, numberOf(key));
  }

  async add(revocation: Revocation): Promise<void> {
    if (this.#kept.noteOf(revocation) === undefined) await this.#keep(revocation);
    this.onAdded(revocation);
  }

  async #keep(revocation: Revocation): Promise<void> {
    let number = 0;
    await this.#write((batch) => {
      number = batch.about.nextRevocation++;
      batch.put({ table: 'revocations', key: numberKey(number), value: Buffer.from(JSON.stringify(revocation)) });
    });
    this.#note(revocation, number);
  }

  #note(revocation: Revocation, number: number): void {
    this.#kept.add(revocation, [...(this.#kept.noteOf(revocation) ?? []), number]);
  }

  all(): readonly Revocation[] {
    return this.#kept.inForce(this.#age.now());
  }

  page(after: string, limit: number): RevocationsPage {
    return this.#kept.page(after, limit, this.#age.now());
  }

  /**
   * Removes expired revocations in this batch.
   *
   * @returns to be called when the batch is on disk
   */
  forget(batch: Batch, now: number): () => void {
    const over = this.#kept.over(now);
    for (const number of over.flatMap(({ note }) => note)) {
      batch.put({ table: 'revocations', key: numberKey(number), value: null });
    }
    return () => {
      for (const { revocation } of over) this.#kept.delete(revocation);
    };
  }
}
