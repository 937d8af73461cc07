import type { ByteBudget } from '../util/byte-budget.ts';

/** Why a peer that has not authenticated is sent away: it sent too much by itself, or all together did. */
export type Distrust = 'too_much' | 'no_room';

export interface StrangersOptions {
  /** For what they send, all together. */
  readonly budget: ByteBudget;
  /** Bytes that each may send until it has authenticated. */
  readonly each: number;
  /** Bytes of one message that the native side may hold before we see any of it. */
  readonly unseen: number;
  /** Resident memory of the process, in bytes. */
  readonly memory: () => number;
  /** Runs a task every so many milliseconds; returns what ends that. */
  readonly every: (interval: number, task: () => void) => () => void;
}

/** Milliseconds between two looks at the memory. */
const LOOK = 100;
/** A look at the memory for so many that come. */
const CROWD = 64;
/** Bytes that a connection may cost beside what it sends. */
const OWN = 16_384;

/** A connection whose peer has not authenticated. */
export class Stranger {
  readonly #sendAway: () => void;
  /** Bytes that it has sent, and that are counted against the budget. */
  heard = 0;

  constructor(sendAway: () => void) {
    this.#sendAway = sendAway;
  }

  sendAway(): void {
    this.#sendAway();
  }
}

/**
 * The connections whose peers have not authenticated, the oldest first.
 *
 * Frames that are whole are counted. Of a message that is not whole yet the native side shows nothing, up to `unseen` bytes for each connection: so where many
 * such connections are open and the memory has grown by more than the budget, the oldest are cut.
 */
export class Strangers {
  readonly #options: StrangersOptions;
  /** So many may be open whatever they hold. */
  readonly #few: number;
  readonly #all = new Set<Stranger>();
  /** Those who have sent something. */
  readonly #holders = new Set<Stranger>();
  #stopLooking: (() => void) | undefined;
  #before = 0;
  #came = 0;
  /** How many have authenticated since the memory is watched; what they cost is theirs. */
  #authenticated = 0;

  constructor(options: StrangersOptions) {
    this.#options = options;
    this.#few = Math.max(16, Math.floor(options.budget.limit / options.unseen));
  }

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** Are there so many that what they hold may not be kept until they have read a farewell? */
  get crowded(): boolean {
    return this.#all.size > this.#few;
  }

  enter(stranger: Stranger): void {
    this.#all.add(stranger);
    if (!this.crowded) return;
    this.#watchMemory();
    if (++this.#came % CROWD === 0) this.#look();
  }

  /** It has sent a frame of so many bytes. Where there is no room, those who have held some for the longest make it. */
  hear(stranger: Stranger, bytes: number): Distrust | null {
    const { budget, each } = this.#options;
    if (stranger.heard + bytes > each) return 'too_much';
    while (!budget.take(bytes)) if (!this.#makeRoom(stranger)) return 'no_room';
    stranger.heard += bytes;
    this.#holders.add(stranger);
    return null;
  }

  #makeRoom(stranger: Stranger): boolean {
    for (const other of this.#holders) {
      if (other === stranger) continue;
      other.sendAway();
      this.leave(other);
      return true;
    }
    return false;
  }

  /** It has authenticated. */
  trust(stranger: Stranger): void {
    this.#authenticated++;
    this.leave(stranger);
  }

  /** It is gone. */
  leave(stranger: Stranger): void {
    if (!this.#all.delete(stranger)) return;
    this.#holders.delete(stranger);
    this.#options.budget.give(stranger.heard);
    stranger.heard = 0;
    if (!this.crowded) this.close();
  }

  #watchMemory(): void {
    if (this.#stopLooking !== undefined) return;
    this.#before = this.#options.memory();
    this.#authenticated = 0;
    this.#stopLooking = this.#options.every(LOOK, () => this.#look());
  }

  #look(): void {
    const { memory, budget } = this.#options;
    const more = this.#all.size - this.#few + this.#authenticated;
    if (memory() - this.#before <= budget.limit + more * OWN) return;
    for (const stranger of this.#all) {
      if (!this.crowded) return;
      stranger.sendAway(); // leaves
    }
  }

  /** Looks at the memory no more. */
  close(): void {
    this.#stopLooking?.();
    this.#stopLooking = undefined;
  }
}
