import { AgeClock } from '../../util/age-clock.ts';
import type { Clock } from '../../util/clock.ts';
import { type Revocation, type RevocationStore, textOfRevocation } from '../revocations.ts';
import type { Batch } from './batch.ts';
import { numberKey, numberOf } from './records.ts';
import type { Store } from './store.ts';

/** Writes what `plan` decides; resolves when it is on disk. */
export type Write = (plan: (batch: Batch) => void) => Promise<void>;

interface Kept {
  readonly number: number;
  readonly revocation: Revocation;
}

/** Revocations on disk; those in force are in memory as well, because every new connection asks for them. */
export class DurableRevocations implements RevocationStore {
  readonly #age: AgeClock;
  readonly #write: Write;
  #kept: readonly Kept[];
  /** Called with each added revocation. */
  onAdded: (revocation: Revocation) => void = () => {};

  constructor({ store, clock, write }: { store: Store; clock: Clock; write: Write }) {
    this.#age = new AgeClock(clock);
    this.#write = write;
    const rows = store.rows('revocations', { limit: Number.MAX_SAFE_INTEGER });
    this.#kept = Array.from(rows, ({ key, value }) => ({
      number: numberOf(key),
      revocation: JSON.parse(value.toString()) as Revocation,
    }));
  }

  async add(revocation: Revocation): Promise<void> {
    const text = textOfRevocation(revocation);
    if (!this.all().some((other) => textOfRevocation(other) === text)) await this.#keep(revocation);
    this.onAdded(revocation);
  }

  async #keep(revocation: Revocation): Promise<void> {
    let number = 0;
    await this.#write((batch) => {
      number = batch.about.nextRevocation++;
      batch.put({ table: 'revocations', key: numberKey(number), value: Buffer.from(JSON.stringify(revocation)) });
    });
    this.#kept = [...this.#kept, { number, revocation }];
  }

  all(): readonly Revocation[] {
    const now = this.#age.now();
    return this.#kept.filter(({ revocation }) => revocation.until > now).map(({ revocation }) => revocation);
  }

  /**
   * Removes expired revocations in this batch.
   *
   * @returns to be called when the batch is on disk
   */
  forget(batch: Batch, now: number): () => void {
    const over = new Set(this.#kept.filter(({ revocation }) => revocation.until <= now));
    for (const { number } of over) batch.put({ table: 'revocations', key: numberKey(number), value: null });
    return () => {
      if (over.size > 0) this.#kept = this.#kept.filter((kept) => !over.has(kept));
    };
  }
}
