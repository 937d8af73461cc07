import { ChurningMap } from '../../util/churning-map.ts';
import type { LoggedMessage } from '../logged-message.ts';
import { Entry, type EntryRecord } from './entry.ts';
import { OrderLines } from './order-lines.ts';
import { Schedule } from './schedule.ts';
import { Undelivered } from './undelivered.ts';

/**
 * The messages that a group has taken from the log and that are not settled. Everything else up to
 * `next` is settled.
 */
export class Unsettled {
  readonly #changed: (entry: Entry) => void;
  readonly #entries = new ChurningMap<number, Entry>();
  readonly #schedule = new Schedule();
  readonly #lines = new OrderLines();
  readonly #undelivered = new Undelivered();
  #next: number;
  #floor: number;
  /** Entries with a copy count neither for the floor nor for the log. */
  #copies = 0;

  /** @param changed called with each entry whose record has changed */
  constructor(next: number, records: readonly EntryRecord[], changed: (entry: Entry) => void) {
    this.#changed = changed;
    this.#next = next;
    this.#floor = records.reduce((floor, { copy, offset }) => (copy ? floor : Math.min(floor, offset - 1)), next);
    // Blocked ones last: they are behind the others of their order.
    const isBlocked = ({ phase }: EntryRecord) => phase === 'blocked';
    const inOrder = [...records.filter((record) => !isBlocked(record)), ...records.filter(isBlocked)];
    for (const record of inOrder) this.#restore(Entry.restore(record));
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The newest message that was read from the log. */
  get next(): number {
    return this.#next;
  }

  /** Every message up to this offset is settled. */
  get floor(): number {
    return this.#floor;
  }

  /** Settled messages that the log keeps behind the floor. */
  get settledAbove(): number {
    return this.#next - this.#floor - (this.#entries.size - this.#copies);
  }

  /** The smallest offset of a message that is not settled; copies count. `next + 1`: there is none. */
  get oldest(): number {
    let oldest = this.#floor + 1;
    if (this.#copies === 0) return oldest;
    for (const { offset, copy } of this.#entries.values()) if (copy !== undefined) oldest = Math.min(oldest, offset);
    return oldest;
  }

  /** Of the messages that are not settled, in ascending order. */
  get offsets(): readonly number[] {
    return [...this.#entries.keys()].sort((a, b) => a - b);
  }

  /** Of the messages that were not delivered yet, the one with the smallest offset. */
  get oldestUndelivered(): Entry | undefined {
    return this.#undelivered.oldest(this.#entries);
  }

  get nextDue(): number {
    return this.#schedule.nextDue;
  }

  /** The entries of a phase that are due after `now`. */
  countUntil(phase: 'in_flight' | 'delayed', now: number): number {
    if (this.nextDue > now) return this.#schedule.count(phase);
    let count = 0;
    for (const entry of this.#entries.values()) if (entry.phase === phase && entry.due > now) count++;
    return count;
  }

  /** Those that are in flight or delayed. */
  get timed(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ phase }) => phase === 'in_flight' || phase === 'delayed');
  }

  get(offset: number): Entry | undefined {
    return this.#entries.get(offset);
  }

  /** Is a message of this order unsettled? */
  isBusy(key: string): boolean {
    return this.#lines.isBusy(key);
  }

  /** Takes messages up to this offset from the log; those that are not entered are settled. */
  advance(next: number): void {
    this.#next = next;
    this.#raiseFloor();
  }

  /** Adds an entry, which is ready, or blocked by its order. Returns whether it is ready. */
  enter(entry: Entry): boolean {
    if (entry.copy === undefined) this.#next = Math.max(this.#next, entry.offset);
    const isFirst = this.#lines.join(entry);
    entry.phase = isFirst ? 'ready' : 'blocked';
    this.#store(entry);
    this.#changed(entry);
    return isFirst;
  }

  /** Removes the first ready entry from the queue; the caller delivers or ends it. */
  takeReady(): Entry | undefined {
    return this.#schedule.takeReady();
  }

  /** Removes an entry that is due; the caller moves or ends it. */
  takeDue(now: number): Entry | undefined {
    return this.#schedule.takeDue(now);
  }

  makeReady(entry: Entry): void {
    this.#schedule.move(entry, 'ready');
    this.#undelivered.add(entry, this.#entries.size);
    this.#changed(entry);
  }

  /** Moves an entry to a phase that ends at a time. */
  moveUntil(entry: Entry, phase: 'in_flight' | 'delayed', due: number): void {
    this.#schedule.moveUntil(entry, phase, due);
    this.#changed(entry);
  }

  extend(entry: Entry, due: number): void {
    entry.due = Math.max(entry.due, due);
    this.#changed(entry);
  }

  shorten(entry: Entry, due: number): void {
    this.#schedule.shorten(entry, due);
    this.#changed(entry);
  }

  /** From now on the entry has the message itself: it counts neither for the floor nor for the log. */
  detach(entry: Entry, message: LoggedMessage): void {
    entry.copy = message;
    this.#copies++;
    this.#changed(entry);
    this.#raiseFloor();
  }

  /** The entry is settled: the next one of its order is ready. */
  end(entry: Entry): void {
    this.#schedule.move(entry, 'settled');
    this.#entries.delete(entry.offset);
    this.#changed(entry);
    if (entry.copy !== undefined) this.#copies--;
    const following = this.#lines.leave(entry);
    if (following !== undefined) this.makeReady(following);
    this.#raiseFloor();
  }

  /** Everything up to `next` is settled, and nothing after it is taken. */
  reset(next: number): void {
    for (const entry of this.#entries.values()) {
      entry.phase = 'settled';
      this.#changed(entry);
    }
    this.#entries.clear();
    this.#schedule.clear();
    this.#undelivered.clear();
    this.#lines.clear();
    this.#copies = 0;
    this.#next = next;
    this.#floor = next;
  }

  #restore(entry: Entry): void {
    this.#lines.join(entry);
    this.#store(entry);
  }

  #store(entry: Entry): void {
    this.#entries.set(entry.offset, entry);
    if (entry.copy !== undefined) this.#copies++;
    this.#schedule.add(entry);
    this.#undelivered.add(entry, this.#entries.size);
  }

  #raiseFloor(): void {
    if (this.#entries.size === this.#copies) this.#floor = this.#next;
    else while (this.#floor < this.#next && !this.#isTaken(this.#floor + 1)) this.#floor++;
  }

  #isTaken(offset: number): boolean {
    const entry = this.#entries.get(offset);
    return entry !== undefined && entry.copy === undefined;
  }
}
