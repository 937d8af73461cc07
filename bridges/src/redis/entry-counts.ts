import type { Redis } from 'ioredis';
import { fieldsOf } from './fields-of.ts';

export interface EntryCountsParts {
  readonly redis: Redis;
  readonly onLost: (count: number) => void;
}

interface Counts {
  /** Entries up to the latest that was read, with those that were lost. */
  read: number;
  /** Entries up to the latest that was acknowledged. */
  committed: number;
}

/**
 * Counts the entries of streams that were read, so that those are noticed which were removed before:
 * Redis knows how many entries a stream has had, from version 7. For older ones it counts nothing.
 */
export class EntryCounts {
  readonly #parts: EntryCountsParts;
  readonly #counts = new Map<string, Counts>();

  constructor(parts: EntryCountsParts) {
    this.#parts = parts;
  }

  /**
   * A stream is read from where its group is.
   *
   * @param group what Redis knows about it
   */
  async begin(stream: string, group: ReadonlyMap<unknown, unknown>): Promise<void> {
    const { added } = await this.#stateOf(stream);
    const [known, lag] = [numberOf(group.get('entries-read')), numberOf(group.get('lag'))];
    const read = known ?? (lag === undefined || added === undefined ? undefined : added - lag);
    if (read !== undefined && added !== undefined) this.#counts.set(stream, { read, committed: read });
  }

  read(stream: string, count: number): void {
    const counts = this.#counts.get(stream);
    if (counts !== undefined) counts.read += count;
  }

  /** @returns how many entries up to the latest were acknowledged; `undefined`: unknown */
  commit(stream: string, count: number): number | undefined {
    const counts = this.#counts.get(stream);
    if (counts === undefined) return undefined;
    counts.committed += count;
    return counts.committed;
  }

  /**
   * Reports entries that are gone and were not read.
   *
   * @param after the latest entry that was read, once Redis has answered
   */
  async check(stream: string, after: () => string): Promise<void> {
    const counts = this.#counts.get(stream);
    if (counts === undefined) return;
    const { added = 0, length = 0, last } = await this.#stateOf(stream);
    const gone = last === after() ? added : added - length;
    const lost = gone - counts.read;
    if (lost <= 0) return;
    counts.read += lost;
    counts.committed += lost;
    this.#parts.onLost(lost);
  }

  async #stateOf(stream: string) {
    const fields = fieldsOf(await this.#parts.redis.xinfo('STREAM', stream));
    const [added, length] = [numberOf(fields.get('entries-added')), numberOf(fields.get('length'))];
    return { added, length, last: fields.get('last-generated-id') };
  }
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
