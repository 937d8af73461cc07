import type { Redis } from 'ioredis';
import type { SourceHost } from '../systems.ts';
import { EntryCounts } from './entry-counts.ts';
import { fieldsOf } from './fields-of.ts';

const LARGEST_SEQUENCE = 2n ** 64n - 1n;

/** Entries without an acknowledgement: the first of them, and who has them. */
type Pending = readonly [
  count: number,
  first: string | null,
  last: string | null,
  consumers: readonly (readonly [name: string, count: string])[] | null,
];

export interface GroupProgressParts {
  readonly checkpoints: SourceHost['checkpoints'];
  /** Called with the number of entries that were removed before they were read. */
  readonly onLost: (count: number) => void;
}

/**
 * How far streams were read, which is kept in consumer groups.
 *
 * A bridge does not read with the group: Redis would share the entries between two nodes that both believe to be its
 * only reader, and each would have holes. With `XREAD`, both read the same sequence, and what the second one publishes
 * is recognised as a repeat.
 */
export class GroupProgress {
  readonly #redis: Redis;
  readonly #group: string;
  readonly #checkpoints: SourceHost['checkpoints'];
  readonly counts: EntryCounts;

  constructor(redis: Redis, group: string, { checkpoints, onLost }: GroupProgressParts) {
    this.#redis = redis;
    this.#group = group;
    this.#checkpoints = checkpoints;
    this.counts = new EntryCounts({ redis, onLost });
  }

  /**
   * The entry behind which to read.
   *
   * @param start where a new group begins: `0` or `$`. If Redis has lost a group, `$` would be behind entries that were
   *   not read; so the engine keeps where the latest connection began
   */
  async open(stream: string, start: string): Promise<string> {
    const name = `redis ${stream} ${this.#group}`;
    const noted = await this.#checkpoints.read(name);
    const after = await this.#begin(stream, start === '$' ? (noted ?? start) : start);
    if (after !== noted) await this.#checkpoints.save(name, after);
    return after;
  }

  /** @param start where the group begins if there is none */
  async #begin(stream: string, start: string): Promise<string> {
    try {
      await this.#redis.xgroup('CREATE', stream, this.#group, start, 'MKSTREAM');
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
    }
    const before = await this.#giveBack(stream);
    const group = await this.#find(stream);
    await this.counts.begin(stream, group);
    const after = before ?? String(group.get('last-delivered-id'));
    await this.counts.check(stream, () => after);
    return after;
  }

  /**
   * All entries up to this one are in the log.
   *
   * @param count how many that are since the latest commit
   */
  async commit(stream: string, id: string, count: number): Promise<void> {
    const read = this.counts.commit(stream, count);
    const known = read === undefined ? [] : ['ENTRIESREAD', read];
    await this.#redis.call('XGROUP', 'SETID', stream, this.#group, id, ...known);
  }

  /** Entries that the group has delivered to consumers, and that they did not acknowledge, are read again. */
  async #giveBack(stream: string): Promise<string | undefined> {
    const [, first, , consumers] = (await this.#redis.xpending(stream, this.#group)) as unknown as Pending;
    if (first === null || consumers === null) return undefined;
    const before = idBefore(first);
    const change = this.#redis.multi().xgroup('SETID', stream, this.#group, before);
    for (const [consumer] of consumers) change.xgroup('DELCONSUMER', stream, this.#group, consumer);
    for (const [error] of (await change.exec()) ?? []) if (error !== null) throw error;
    return before;
  }

  async #find(stream: string): Promise<ReadonlyMap<unknown, unknown>> {
    for (const group of (await this.#redis.xinfo('GROUPS', stream)) as unknown[]) {
      const fields = fieldsOf(group);
      if (fields.get('name') === this.#group) return fields;
    }
    throw new Error(`the stream "${stream}" has lost its group "${this.#group}"`);
  }
}

function idBefore(id: string): string {
  const [time = '0', sequence = '0'] = id.split('-');
  return BigInt(sequence) > 0n ? `${time}-${BigInt(sequence) - 1n}` : `${BigInt(time) - 1n}-${LARGEST_SEQUENCE}`;
}
