import { Refusal } from '../refusal.ts';
import type { Rate } from '../rule.ts';
import type { Clock } from '../util/clock.ts';
import { TokenBucket } from '../util/token-bucket.ts';
import { networkOf } from './network-of.ts';

/** New connections per second. `null`: unlimited. */
export interface ArrivalRates {
  /** Of all clients of this node. */
  readonly connectionRate: Rate | null;
  /** Of one IPv4 address, or one IPv6 network (/64). */
  readonly connectionRatePerAddress: Rate | null;
}

/**
 * Addresses that are remembered at most. Beyond it, the address that was admitted the longest ago is
 * forgotten.
 */
const MOST_ADDRESSES = 20_000;

interface Arrivals {
  readonly bucket: TokenBucket;
  /** Milliseconds at which the address was last admitted. */
  at: number;
}

/**
 * Limits how fast connections are opened. SPEC.md section 1.2. Refused ones are not counted, so a
 * client that tries again all the time gets in as fast as the rate allows.
 */
export class ArrivalLimits {
  readonly #clock: Clock;
  #rates: ArrivalRates;
  #all: TokenBucket | undefined;
  /** In the order of their last admission. */
  readonly #addresses = new Map<string, Arrivals>();

  constructor(rates: ArrivalRates, clock: Clock) {
    this.#rates = rates;
    this.#clock = clock;
    this.replace(rates);
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#addresses.size;
  }

  /** Applies other rates from now on. */
  replace(rates: ArrivalRates): void {
    const { connectionRate: rate } = rates;
    this.#rates = rates;
    this.#all = rate === null ? undefined : new TokenBucket(rate, this.#clock.monotonic());
    this.#addresses.clear();
  }

  /** Counts a new connection of the address, or refuses it. */
  admit(peer: string): Refusal | null {
    const address = this.#rates.connectionRatePerAddress === null ? peer : networkOf(peer);
    const now = this.#clock.monotonic();
    const arrivals = this.#of(address, now);
    const alone = arrivals?.bucket.take(1, now) ?? 0;
    if (alone > 0) return refusal('your address', alone);
    const together = this.#all?.take(1, now) ?? 0;
    if (together > 0) {
      arrivals?.bucket.giveBack(1);
      return refusal('clients of this node', together);
    }
    if (arrivals !== undefined) this.#remember(address, arrivals, now);
    return null;
  }

  #of(address: string, now: number): Arrivals | undefined {
    const { connectionRatePerAddress: rate } = this.#rates;
    if (rate === null) return undefined;
    return this.#addresses.get(address) ?? { bucket: new TokenBucket(rate, now), at: now };
  }

  #remember(address: string, arrivals: Arrivals, now: number): void {
    arrivals.at = now;
    this.#addresses.delete(address);
    this.#addresses.set(address, arrivals);
    this.#forget(now);
  }

  /** Forgets the addresses whose buckets are full again. */
  #forget(now: number): void {
    const { connectionRatePerAddress: rate } = this.#rates;
    const full = rate === null ? 0 : (rate.burst / rate.perSecond) * 1000;
    for (const [address, { at }] of this.#addresses) {
      if (now - at < full && this.#addresses.size <= MOST_ADDRESSES) return;
      this.#addresses.delete(address);
    }
  }
}

function refusal(who: string, wait: number): Refusal {
  return new Refusal('connecting_too_fast', `${who} opened too many connections at once; wait ${wait} ms`, wait);
}
