import { randomUUID } from 'node:crypto';
import type { SourceRecord } from './source.ts';

/**
 * Positions for messages that the broker delivers only once: their number in this run of the gateway.
 * So a publish that is tried again appends once, and the engine remembers one position, not many ids.
 */
export class RunPositions {
  readonly #partition = randomUUID();
  #latest = 0;

  next(): SourceRecord['once'] {
    this.#latest += 1;
    return { partition: this.#partition, position: `${this.#latest}` };
  }
}
