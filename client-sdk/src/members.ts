import type { Roster } from './presence/roster.ts';
import type { Member, Members } from './presence-api.ts';

const NOBODY: ReadonlyMap<string, Member<never>> = new Map<string, Member<never>>();

/** A view of the members, in an order. It holds nothing but the last list that it made. */
export class MembersView<State> implements Members<State> {
  readonly #roster: () => Roster | undefined;
  readonly #compare: (a: Member<State>, b: Member<State>) => number;
  #listed: unknown;
  #list: readonly Member<State>[] = [];

  constructor(roster: () => Roster | undefined, compare: (a: Member<State>, b: Member<State>) => number) {
    this.#roster = roster;
    this.#compare = compare;
  }

  get #members(): ReadonlyMap<string, Member<State>> {
    return (this.#roster()?.shown ?? NOBODY) as unknown as ReadonlyMap<string, Member<State>>;
  }

  get size(): number {
    return this.#members.size;
  }

  get total(): number {
    return this.#roster()?.total ?? 0;
  }

  get list(): readonly Member<State>[] {
    const members = this.#members;
    if (members !== this.#listed) this.#list = [...members.values()].sort(this.#compare);
    this.#listed = members;
    return this.#list;
  }

  get(user: string): Member<State> | undefined {
    return this.#members.get(user);
  }

  has(user: string): boolean {
    return this.#members.has(user);
  }

  [Symbol.iterator](): Iterator<Member<State>> {
    return this.list[Symbol.iterator]();
  }
}

/** By the units of UTF-16: the same everywhere, whatever the language. */
export function byUser(a: { readonly user: string }, b: { readonly user: string }): number {
  return a.user < b.user ? -1 : 1;
}
