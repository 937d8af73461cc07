import type { Member } from '@sluice/protocol';
import type { Timer } from '../../util/clock.ts';
import type { PlacedMember } from '../presence.ts';

/** A member with the connections behind it; a timer stands for one that is gone and still counts. */
export interface Seat {
  /** `null`: the user has left. */
  member: Member | null;
  readonly place: number;
  /** Of the member as JSON. */
  bytes: number;
  /** In the order in which they came, or went. */
  readonly connections: Map<string, Timer | null>;
}

/** One channel's members, by user and in the order of arrival. */
export class Room {
  readonly #seats = new Map<string, Seat>();
  /** By place; those who left stay until they are half of it, so that a page is found by halving. */
  #order: Seat[] = [];
  bytes = 0;
  version = 0;

  get size(): number {
    return this.#seats.size;
  }

  seat(user: string): Seat | undefined {
    return this.#seats.get(user);
  }

  /** @param place greater than all that were given before */
  add(user: string, place: number): Seat {
    const seat: Seat = { member: null, place, bytes: 0, connections: new Map() };
    this.#seats.set(user, seat);
    this.#order.push(seat);
    return seat;
  }

  /** Takes a member on as it is now. */
  set(seat: Seat, member: Member): void {
    const bytes = Buffer.byteLength(JSON.stringify(member));
    this.bytes += bytes - seat.bytes;
    seat.bytes = bytes;
    seat.member = member;
  }

  remove(user: string): void {
    const seat = this.#seats.get(user);
    if (seat === undefined) return;
    this.#seats.delete(user);
    this.bytes -= seat.bytes;
    seat.member = null;
    if (this.#order.length > 2 * this.#seats.size) this.#order = [...this.#seats.values()];
  }

  /** At most `limit` members that came after `place`. */
  page(place: number, limit: number): PlacedMember[] {
    const found: PlacedMember[] = [];
    for (let at = this.#after(place); at < this.#order.length && found.length < limit; at++) {
      const seat = this.#order[at];
      if (seat?.member != null) found.push({ member: seat.member, place: seat.place });
    }
    return found;
  }

  #after(place: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle]?.place ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  cancelAll(): void {
    for (const { connections } of this.#seats.values()) for (const timer of connections.values()) timer?.cancel();
  }
}
