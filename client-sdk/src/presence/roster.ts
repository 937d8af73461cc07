import type { Member, PresencePush } from '@sluice/protocol';

/** Members by user. Never changed: news make another one. */
export type MemberMap = ReadonlyMap<string, Member>;

/** Nobody, or nobody known. */
export const EMPTY: MemberMap = new Map();

/** Who is present in a channel, by what the gateway has reported: the rules of SPEC.md section 9. */
export class Roster {
  /** The members, as last listed: the same map, with the same members in it, as long as nothing is different. */
  listed = EMPTY;
  /** How many there are; `undefined` before it was told. */
  declare total: number | undefined;
  /** There are too many to list. */
  counting = false;
  // The version of the list. Without a list nothing can be changed.
  #listed = Number.POSITIVE_INFINITY;
  // A list of which more is to come.
  #draft: Map<string, Member> | undefined;

  /** Those who may be shown: nobody while they are only counted. */
  get shown(): MemberMap | undefined {
    return this.counting || this.total === undefined ? undefined : this.listed;
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
      const listed = this.#draft ?? new Map(this.listed);
      for (const change of changes) {
        // Rule 1: it is in the list already.
        if (!this.#draft && change.version <= this.#listed) continue;
        if ('left' in change) listed.delete(change.left);
        else listed.set(change.member.user, this.#known(change.member));
      }
      if (this.#draft && more) return false;
      this.#draft = undefined;
      const kept = [...listed].filter(([user, member]) => this.listed.get(user) === member);
      if (kept.length !== listed.size || listed.size !== this.listed.size) this.listed = listed;
    }
    this.counting = !changes;
    this.total = total;
    return true;
  }

  /** The member as it was known, where nothing is different. */
  #known(member: Member): Member {
    const known = this.listed.get(member.user);
    return known && JSON.stringify(known) === JSON.stringify(member) ? known : member;
  }
}
