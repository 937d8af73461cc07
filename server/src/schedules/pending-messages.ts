import { Heap } from '../util/heap.ts';
import type { LiveEntry, LogView } from './schedule-log.ts';
import type { ScheduledMessage, ScheduleRecord } from './schedule-record.ts';

/** What a node keeps in memory of a scheduled message: not its data. */
export interface PendingMessage extends LiveEntry, Pick<ScheduledMessage, 'at' | 'channel' | 'run'> {
  readonly user: string | undefined;
  /** The pattern of its rule when it was read. */
  readonly pattern: string | undefined;
  /** Not published before: `at`, or later if its channel refuses messages for now. */
  readonly due: number;
}

/** A place in the list of a channel: after the message with this time and id. */
export type ListPosition = readonly [at: number, id: string];

const isEarlier = (a: PendingMessage, b: PendingMessage): boolean => {
  if (a.due !== b.due) return a.due < b.due;
  return a.at === b.at ? a.offset < b.offset : a.at < b.at;
};

const isListedBefore = ([a, first]: ListPosition, [b, second]: ListPosition): boolean =>
  a === b ? first < second : a < b;

const positionOf = ({ at, id }: PendingMessage): ListPosition => [at, id];

/** The scheduled messages that have not been published, in the order of their times. */
export class PendingMessages implements LogView {
  readonly #byId = new Map<string, PendingMessage>();
  readonly #counts = new Map<string, number>();
  /** Messages that were settled or postponed stay until they are the first. */
  readonly #due = new Heap<PendingMessage>(isEarlier);
  readonly #patternOf: (channel: string) => string | undefined;

  /** @param patternOf the pattern of a channel's rule */
  constructor(patternOf: (channel: string) => string | undefined) {
    this.#patternOf = patternOf;
  }

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
  add({ id, offset }: LiveEntry, record: ScheduleRecord): void {
    if (record.kind !== 'scheduled') return;
    const { at, channel, user, run } = record;
    const due = this.#byId.get(id)?.due ?? at;
    this.remove(id);
    const pattern = this.#patternOf(channel);
    this.#enqueue({ id, at, channel, user, run, offset, pattern, due });
    if (pattern !== undefined) this.#counts.set(pattern, this.countOf(pattern) + 1);
  }

  #enqueue(pending: PendingMessage): void {
    this.#byId.set(pending.id, pending);
    this.#due.push(pending);
  }

  /** Lets a message wait longer. Those of one channel keep their order if they wait until the same time. */
  postpone(pending: PendingMessage, due: number): void {
    if (this.#byId.get(pending.id) === pending) this.#enqueue({ ...pending, due });
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

  /** The message that is due first. */
  first(): PendingMessage | undefined {
    for (let first = this.#due.peek(); first !== undefined; first = this.#due.peek()) {
      if (this.#byId.get(first.id) === first) return first;
      this.#due.pop();
    }
    return undefined;
  }

  /**
   * Takes the first messages, in their order, as long as they pass; at most `most`. Each must be removed,
   * postponed or put back.
   */
  take(passes: (message: PendingMessage) => boolean, most: number): PendingMessage[] {
    const taken: PendingMessage[] = [];
    for (let first = this.first(); first !== undefined && passes(first); first = this.first()) {
      this.#due.pop();
      taken.push(first);
      if (taken.length === most) break;
    }
    return taken;
  }

  /** Puts back a message that was taken. Does nothing if it was removed or postponed meanwhile. */
  putBack(message: PendingMessage): void {
    if (this.#byId.get(message.id) === message) this.#due.push(message);
  }

  /**
   * The first messages of a channel by time, after a position. One pass over all messages, which
   * keeps no more than `limit` of them.
   */
  list(channel: string, { after, limit }: { after?: ListPosition | undefined; limit: number }): PendingMessage[] {
    const first = new Heap<PendingMessage>((a, b) => isListedBefore(positionOf(b), positionOf(a)));
    for (const pending of this.#byId.values()) {
      if (pending.channel !== channel) continue;
      if (after !== undefined && !isListedBefore(after, positionOf(pending))) continue;
      first.push(pending);
      if (first.size > limit) first.pop();
    }
    const backwards: PendingMessage[] = [];
    for (let last = first.pop(); last !== undefined; last = first.pop()) backwards.push(last);
    return backwards.reverse();
  }

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
