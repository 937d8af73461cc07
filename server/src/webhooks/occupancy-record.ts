import { nanoid } from 'nanoid';
import type { ChannelNames, Log, Retention } from '../engine/engine.ts';

/** Logs that one question of `names` looks at. */
const PAGE = 1_000;
/** One entry per name, for as long as the name is there. */
const KEEP: Retention = { count: 1, age: Number.MAX_SAFE_INTEGER };

export interface OccupancyRecordParts {
  readonly log: Log;
  /** The list whose names are recorded; no channel begins like it. */
  readonly list: string;
  /** The wall clock, in ms. */
  readonly now: () => number;
}

/**
 * The names of an `Occupancy` on disk, for an engine that keeps logs over a restart and forgets
 * members: each name has a log, which holds a message as long as the name is there.
 */
export class OccupancyRecord {
  readonly #log: Log;
  readonly #prefix: string;
  readonly #now: () => number;

  constructor({ log, list, now }: OccupancyRecordParts) {
    this.#log = log;
    this.#prefix = `${list} `;
    this.#now = now;
  }

  /** What was there when the gateway ended. */
  async names(): Promise<readonly string[]> {
    const names: string[] = [];
    let from = this.#prefix;
    while (from.startsWith(this.#prefix)) {
      const { channels, upTo } = await this.#read(from);
      const own = channels.filter((channel) => channel.startsWith(this.#prefix));
      names.push(...own.map((channel) => channel.slice(this.#prefix.length)));
      from = upTo === null ? '' : `${upTo}\u0000`;
    }
    return names;
  }

  async #read(from: string): Promise<ChannelNames> {
    return (await this.#log.channels?.(from, PAGE)) ?? { channels: [], upTo: null };
  }

  /** A name is there. */
  async add(name: string): Promise<void> {
    const entry = { id: nanoid(), time: this.#now(), data: null };
    await this.#log.append(this.#prefix + name, entry, { retention: KEEP, window: 0 });
  }

  /** A name has gone. */
  async remove(name: string): Promise<void> {
    await this.#log.purge?.(this.#prefix + name, Number.MAX_SAFE_INTEGER);
  }
}
