import { Heap } from '../util/heap.ts';
import type { ScheduledMessage } from './schedule-record.ts';

/** What a node keeps in memory of a scheduled message: not its data. */
export interface PendingMessage {
  readonly id: string;
  readonly at: number;
  readonly channel: string;
  readonly user: string | undefined;
  readonly run: string;
  /** Of its latest entry in the log. */
  readonly offset: number;
  /** The pattern of its rule when it was read. */
  readonly pattern: string | undefined;
}

const isEarlier = (a: PendingMessage, b: PendingMessage): boolean =>
  a.at === b.at ? a.offset < b.offset : a.at < b.at;

/** The scheduled messages that have not been published, in the order of their times. */
export class PendingMessages {
  readonly #byId = new Map<string, PendingMessage>();
  readonly #counts = new Map<string, number>();
  /** Messages that were settled stay until they are the first. */
  readonly #due = new Heap<PendingMessage>(isEarlier);

  get size(): number {
    return this.#byId.size;
  }

  /** How many messages of a rule wait. */
  countOf(pattern: string): number {
    return this.#counts.get(pattern) ?? 0;
  }

  get(id: string): PendingMessage | undefined {
    return this.#byId.get(id);
  }

  /** Adds a message, or replaces the entry of one that was written again. */
  add(id: string, offset: number, { at, channel, user, run }: ScheduledMessage, pattern: string | undefined): void {
    this.remove(id);
    const pending = { id, at, channel, user, run, offset, pattern };
    this.#byId.set(id, pending);
    this.#due.push(pending);
    if (pattern !== undefined) this.#counts.set(pattern, this.countOf(pattern) + 1);
  }

  remove(id: string): void {
    const pending = this.#byId.get(id);
    if (pending === undefined) return;
    this.#byId.delete(id);
    const { pattern } = pending;
    if (pattern === undefined) return;
    const count = this.countOf(pattern) - 1;
    if (count === 0) this.#counts.delete(pattern);
    else this.#counts.set(pattern, count);
  }

  /** The message with the earliest time. */
  first(): PendingMessage | undefined {
    for (let first = this.#due.peek(); first !== undefined; first = this.#due.peek()) {
      if (this.#byId.get(first.id) === first) return first;
      this.#due.pop();
    }
    return undefined;
  }

  /** The entry that retention would remove first. Linear, so ask seldom. */
  oldest(): PendingMessage | undefined {
    let oldest: PendingMessage | undefined;
    for (const pending of this.#byId.values()) {
      if (oldest === undefined || pending.offset < oldest.offset) oldest = pending;
    }
    return oldest;
  }

  clear(): void {
    this.#byId.clear();
    this.#counts.clear();
    this.#due.clear();
  }
}
