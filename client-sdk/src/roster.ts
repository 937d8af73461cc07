import type { Member, PresencePush } from '@sluice/protocol';

/** Members by user. Never changed: news make another one. */
export type Seats = ReadonlyMap<string, Member>;

/** Nobody, or nobody known. */
export const EMPTY: Seats = new Map();

/** Who is present in a channel, by what the gateway has told: the rules of SPEC.md section 9. */
export class Roster {
  /** The members, as last listed: the same map, with the same members in it, as long as nothing is different. */
  seats = EMPTY;
  /** How many there are; `undefined` before it was told. */
  declare total: number | undefined;
  /** There are too many to list. */
  counting = false;
  // The version of the list. Without a list nothing can be changed.
  #listed = Number.POSITIVE_INFINITY;
  // A list of which more is to come.
  #draft: Map<string, Member> | undefined;

  /** Those who may be shown: nobody while they are only counted. */
  get shown(): Seats {
    return this.counting ? EMPTY : this.seats;
  }

  /** A new connection: what is known stays until it has told its list. */
  restart(): void {
    this.#listed = Number.POSITIVE_INFINITY;
    this.#draft = undefined;
  }

  /** @returns may it be told? Not in the midst of a list */
  read({ version, total, changes, reset, more }: PresencePush): boolean {
    if (reset) {
      this.#draft = new Map();
      this.#listed = version;
    }
    // Rule 4: the list is of no use any more; but who has come and gone will be known when it is back.
    if (!changes) this.restart();
    // It is older than the list, or there is none.
    else if (version < this.#listed) return false;
    else {
      const seats = this.#draft ?? new Map(this.seats);
      for (const change of changes) {
        // Rule 1: it is in the list already.
        if (!this.#draft && change.version <= this.#listed) continue;
        if ('left' in change) seats.delete(change.left);
        else seats.set(change.member.user, this.#known(change.member));
      }
      if (this.#draft && more) return false;
      this.#draft = undefined;
      const kept = [...seats].filter(([user, member]) => this.seats.get(user) === member);
      if (kept.length !== seats.size || seats.size !== this.seats.size) this.seats = seats;
    }
    this.counting = !changes;
    this.total = total;
    return true;
  }

  /** The member as it was known, where nothing is different. */
  #known(member: Member): Member {
    const known = this.seats.get(member.user);
    return known && JSON.stringify(known) === JSON.stringify(member) ? known : member;
  }
}
