import type { ByteBudget } from '../util/byte-budget.ts';

/** Why an unauthenticated peer is closed: it sent too much, or all such peers together did. */
export type Distrust = 'too_much' | 'no_room';

export interface StrangersOptions {
  /** The budget for all of them. */
  readonly budget: ByteBudget;
  /** Maximum bytes of each peer until it has authenticated. */
  readonly each: number;
  /** Maximum bytes of one message that the native side may buffer before it is delivered. */
  readonly unseen: number;
  /** Resident memory of the process, in bytes. */
  readonly memory: () => number;
  /** Runs a task periodically; returns a function that stops it. */
  readonly every: (interval: number, task: () => void) => () => void;
}

/** Milliseconds between two checks of the memory. */
const LOOK = 100;
/** The memory is checked after this many new peers. */
const CROWD = 64;
/** Bytes that a connection may use in addition to what it sends. */
const OWN = 16_384;

/** A connection whose peer has not authenticated. */
export class Stranger {
  readonly #sendAway: () => void;
  /** Bytes that it has sent, which are counted against the budget. */
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
 * Complete frames are counted. The native side does not report incomplete messages, up to `unseen`
 * bytes per connection. So if many such connections are open and the memory has grown by more than
 * the budget, the oldest ones are cut.
 */
export class Strangers {
  readonly #options: StrangersOptions;
  /** This many may be open, whatever they buffer. */
  readonly #few: number;
  readonly #all = new Set<Stranger>();
  /** The peers that have sent something. */
  readonly #holders = new Set<Stranger>();
  #stopLooking: (() => void) | undefined;
  #before = 0;
  #came = 0;
  /** The number that has authenticated since the memory is watched; their memory is not counted. */
  #authenticated = 0;

  constructor(options: StrangersOptions) {
    this.#options = options;
    this.#few = Math.max(16, Math.floor(options.budget.limit / options.unseen));
  }

  /** The number of unauthenticated peers. */
  get size(): number {
    return this.#all.size;
  }

  /** Are there too many of them to keep their memory until they have read a close frame? */
  get crowded(): boolean {
    return this.#all.size > this.#few;
  }

  enter(stranger: Stranger): void {
    this.#all.add(stranger);
    if (!this.crowded) return;
    this.#watchMemory();
    if (++this.#came % CROWD === 0) this.#look();
  }

  /**
   * The peer has sent a frame of this many bytes. If there is no room, the peers that have held
   * bytes for the longest are evicted.
   */
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

  /** The peer has authenticated. */
  trust(stranger: Stranger): void {
    this.#authenticated++;
    this.leave(stranger);
  }

  /** The peer has disconnected. */
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
      stranger.sendAway(); // this removes it
    }
  }

  /** Stops checking the memory. */
  close(): void {
    this.#stopLooking?.();
    this.#stopLooking = undefined;
  }
}
