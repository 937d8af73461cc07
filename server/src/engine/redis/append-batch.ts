import type { PublishResult } from '@sluice/protocol';
import { APPEND, ENQUEUE } from './append-script.ts';
import type { Script } from './script.ts';

/** Entries and characters of one script: enough to share its cost, few enough not to hold up the server. */
const MOST_ENTRIES = 64;
const MOST_LENGTH = 262_144;

/** An entry as the script takes it, see `APPEND`. */
export interface QueuedEntry {
  readonly id: string;
  readonly content: string;
  /** `[count, age, window, time, length, tags, key, queue, head]`. */
  readonly settings: string;
  /** Names and values in turn. */
  readonly tags: readonly string[];
  /** Where the head must be: offset and perhaps epoch. */
  readonly expected: readonly string[];
  /** Where its idempotency key is remembered, or the position of its source. */
  readonly key: string | undefined;
  /** In the partition of its source. */
  readonly position: string | undefined;
  /** The keys of its queue's group. */
  readonly group: readonly string[] | undefined;
  readonly resolve: (result: PublishResult) => void;
  readonly reject: (error: unknown) => void;
}

/** The log of a channel as the scripts take it. */
export interface LogArguments {
  readonly meta: string;
  readonly messages: string;
  /** `next epoch head`. */
  readonly life: string;
  /** The message id at the head that is in doubt, or empty. */
  readonly doubted: string;
}

/** One call of a script that appends. */
export class AppendBatch {
  readonly keys: string[] = [];
  readonly values: string[] = [];
  /** In the order of the answers. */
  readonly entries: { readonly channel: string; readonly entry: QueuedEntry }[] = [];
  #length = 0;
  #hasQueue = false;

  get script(): Script {
    return this.#hasQueue ? ENQUEUE : APPEND;
  }

  get isFull(): boolean {
    return this.entries.length >= MOST_ENTRIES || this.#length >= MOST_LENGTH;
  }

  /**
   * Adds entries of a channel until the batch is full.
   *
   * @returns the others
   */
  add(channel: string, log: LogArguments, entries: readonly QueuedEntry[]): readonly QueuedEntry[] {
    const at = this.values.length;
    this.keys.push(log.meta, log.messages);
    this.values.push(log.life, log.doubted, '');
    let count = 0;
    for (const entry of entries) {
      if (this.isFull) break;
      this.#add(channel, entry);
      count++;
    }
    this.values[at + 2] = `${count}`;
    return count === entries.length ? [] : entries.slice(count);
  }

  #add(channel: string, entry: QueuedEntry): void {
    const { key, position, group, tags, expected } = entry;
    if (key !== undefined) this.keys.push(key);
    if (group !== undefined) this.keys.push(...group);
    this.values.push(entry.settings, entry.id, entry.content);
    if (tags.length > 0) this.values.push(...tags);
    if (expected.length > 0) this.values.push(...expected);
    if (position !== undefined) this.values.push(position);
    this.#hasQueue ||= group !== undefined;
    this.entries.push({ channel, entry });
    this.#length += entry.content.length;
  }
}
