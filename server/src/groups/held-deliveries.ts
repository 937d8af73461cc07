import { ChurningMap } from '../util/churning-map.ts';
import type { Batch } from './receiver.ts';

/** The deliveries that one consumer has not settled, in the order in which they expire. */
export class HeldDeliveries {
  /** When each expires, by id. */
  readonly #expiries = new ChurningMap<string, number>();

  get size(): number {
    return this.#expiries.size;
  }

  get ids(): readonly string[] {
    return [...this.#expiries.keys()];
  }

  has(id: string): boolean {
    return this.#expiries.get(id) !== undefined;
  }

  add({ deliveries, expires }: Batch): void {
    for (const { id } of deliveries) this.#expiries.set(id, expires);
  }

  /** They expire before those that are added later. */
  addAll(others: HeldDeliveries): void {
    for (const [id, expires] of others.#expiries) this.#expiries.set(id, expires);
  }

  /** Returns whether it was held. */
  remove(id: string): boolean {
    return this.#expiries.delete(id);
  }

  /** Whether it was held or not. */
  extend(id: string, expires: number): void {
    this.#expiries.delete(id);
    this.#expiries.set(id, expires);
  }

  expire(now: number): void {
    for (const [id, expires] of this.#expiries) {
      if (expires > now) return;
      this.#expiries.delete(id);
    }
  }

  get nextExpiry(): number {
    for (const expires of this.#expiries.values()) return expires;
    return Number.POSITIVE_INFINITY;
  }
}
