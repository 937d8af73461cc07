import type { Member, PresencePush } from '@sluice/protocol';

/** Members by user. Immutable: a change creates a new map. */
export type MemberMap = ReadonlyMap<string, Member>;

/** No members, or no known ones. */
export const EMPTY: MemberMap = new Map();

/** The members of a channel, as the gateway has reported them: the rules of SPEC.md section 9. */
export class Roster {
  /** The members as last listed. Map and members keep their identity until they change. */
  listed = EMPTY;
  /** Number of members; `undefined` while it is unknown. */
  declare total: number | undefined;
  /** There are too many members to list. */
  counting = false;
  // The version of the list. Without a list, changes are ignored.
  #listed = Number.POSITIVE_INFINITY;
  // A list that is incomplete.
  #draft: Map<string, Member> | undefined;

  /** The members to show: none while they are only counted. */
  get shown(): MemberMap | undefined {
    return this.counting || this.total === undefined ? undefined : this.listed;
  }

  /** A new connection: the known members stay until its list is complete. */
  restart(): void {
    this.#listed = Number.POSITIVE_INFINITY;
    this.#draft = undefined;
  }

  /** @returns whether the state is complete: not while a list is incomplete */
  read({ version, total, changes, reset, more }: PresencePush): boolean {
    if (reset) {
      this.#draft = new Map();
      this.#listed = version;
    }
    // Rule 4: the list is outdated. The next list shows who joined and left in between.
    if (!changes) this.restart();
    // It is older than the list, or there is no list.
    else if (version < this.#listed) return false;
    else {
      const listed = this.#draft ?? new Map(this.listed);
      for (const change of changes) {
        // Rule 1: the list includes it already.
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

  /** The known object of the member, if nothing has changed. */
  #known(member: Member): Member {
    const known = this.listed.get(member.user);
    return known && JSON.stringify(known) === JSON.stringify(member) ? known : member;
  }
}
