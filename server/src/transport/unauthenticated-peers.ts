import type { ByteBudget } from '../util/byte-budget.ts';

/** Why an unauthenticated peer is closed: it sent too much, or all such peers together did. */
export type PeerLimit = 'too_much' | 'no_room';

export interface UnauthenticatedPeersOptions {
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
const CHECK_INTERVAL = 100;
/** The memory is checked after this many new peers. */
const CHECK_EVERY = 64;
/** Bytes that a connection may use in addition to what it sends. */
const CONNECTION_BYTES = 16_384;

/** A connection whose peer has not authenticated. */
export class UnauthenticatedPeer {
  readonly #evict: () => void;
  /** Bytes that it has sent, which are counted against the budget. */
  received = 0;

  constructor(evict: () => void) {
    this.#evict = evict;
  }

  evict(): void {
    this.#evict();
  }
}

/**
 * The connections whose peers have not authenticated, the oldest first.
 *
 * Complete frames are counted. The native side does not report incomplete messages, up to `unseen`
 * bytes per connection. So if many such connections are open and the memory has grown by more than
 * the budget, the oldest ones are cut.
 */
export class UnauthenticatedPeers {
  readonly #options: UnauthenticatedPeersOptions;
  /** This many may be open, whatever they buffer. */
  readonly #few: number;
  readonly #all = new Set<UnauthenticatedPeer>();
  /** The peers that have sent something. */
  readonly #holders = new Set<UnauthenticatedPeer>();
  #stopChecking: (() => void) | undefined;
  #before = 0;
  #added = 0;
  /** The number that has authenticated since the memory is watched; their memory is not counted. */
  #authenticated = 0;

  constructor(options: UnauthenticatedPeersOptions) {
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

  add(peer: UnauthenticatedPeer): void {
    this.#all.add(peer);
    if (!this.crowded) return;
    this.#watchMemory();
    if (++this.#added % CHECK_EVERY === 0) this.#checkMemory();
  }

  /**
   * The peer has sent a frame of this many bytes. If there is no room, the peers that have held
   * bytes for the longest are evicted.
   */
  receive(peer: UnauthenticatedPeer, bytes: number): PeerLimit | null {
    const { budget, each } = this.#options;
    if (peer.received + bytes > each) return 'too_much';
    while (!budget.take(bytes)) if (!this.#makeRoom(peer)) return 'no_room';
    peer.received += bytes;
    this.#holders.add(peer);
    return null;
  }

  #makeRoom(peer: UnauthenticatedPeer): boolean {
    for (const other of this.#holders) {
      if (other === peer) continue;
      other.evict();
      this.remove(other);
      return true;
    }
    return false;
  }

  /** The peer has authenticated. */
  authenticated(peer: UnauthenticatedPeer): void {
    this.#authenticated++;
    this.remove(peer);
  }

  /** The peer has disconnected. */
  remove(peer: UnauthenticatedPeer): void {
    if (!this.#all.delete(peer)) return;
    this.#holders.delete(peer);
    this.#options.budget.give(peer.received);
    peer.received = 0;
  }

  #watchMemory(): void {
    if (this.#stopChecking !== undefined) return;
    this.#before = this.#options.memory();
    this.#authenticated = 0;
    this.#stopChecking = this.#options.every(CHECK_INTERVAL, () => this.#checkAgain());
  }

  /** Stops only here: to read the memory costs as much as a connect, and in a storm the crowd comes and goes. */
  #checkAgain(): void {
    if (this.crowded) this.#checkMemory();
    else this.close();
  }

  #checkMemory(): void {
    const { memory, budget } = this.#options;
    const more = this.#all.size - this.#few + this.#authenticated;
    if (memory() - this.#before <= budget.limit + more * CONNECTION_BYTES) return;
    for (const peer of this.#all) {
      if (!this.crowded) return;
      peer.evict(); // this removes it
    }
  }

  /** Stops checking the memory. */
  close(): void {
    this.#stopChecking?.();
    this.#stopChecking = undefined;
  }
}
