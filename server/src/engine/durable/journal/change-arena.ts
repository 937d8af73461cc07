import type { Change } from '../store.ts';
import { readChange, sizeOf, writeChange } from './journal-record.ts';

/** Bytes of a chunk. A change that is larger gets a chunk of its own. */
const CHUNK = 64 * 1024;

/**
 * Changes as bytes, in few large chunks. As objects, with a buffer for each key and value, the
 * changes that wait in the journal are most of what survives in the young generation of the garbage
 * collector, which copies what survives.
 */
export class ChangeArena {
  readonly #chunks: Buffer[] = [];
  /** Bytes in use of the last chunk. */
  #used = CHUNK;

  /** Copies a change. Returns its place: a small integer. */
  add(change: Change): number {
    const size = sizeOf(change);
    if (this.#used + size > CHUNK) {
      this.#chunks.push(Buffer.allocUnsafeSlow(Math.max(CHUNK, size)));
      this.#used = 0;
    }
    const start = this.#used;
    const at = this.#chunks.length - 1;
    writeChange(this.#chunks[at] as Buffer, start, change);
    this.#used += size;
    return at * CHUNK + start;
  }

  /** The change at a place. Its key and value are parts of a chunk. */
  at(place: number): Change {
    return readChange(this.#chunks[Math.floor(place / CHUNK)] as Buffer, place % CHUNK).change;
  }
}
