import type { CompareMembers, Member, Members } from '../presence-api.ts';
import { EMPTY, type MemberMap, type Roster } from './roster.ts';

/** A view of the members. Without members it has no list: the face has one list of nobody, which stays the same. */
type RosterView = Omit<Members, 'list'> & { readonly counting: boolean; readonly list: Members['list'] | undefined };

/** Makes a view of the members, in an order. It holds nothing but the last list that it made. */
export function viewRoster(roster: () => Roster | undefined, compare: CompareMembers): RosterView {
  let listed: MemberMap | undefined;
  let list: readonly Member[] = [];
  const shown = () => roster()?.shown ?? EMPTY;
  const sorted = () => {
    const members = shown();
    if (members !== listed) list = [...members.values()].sort(compare);
    listed = members;
    return list;
  };

  // No method needs `this`: the face hands them on.
  return {
    get size() {
      return shown().size;
    },
    get total() {
      return roster()?.total ?? 0;
    },
    get counting() {
      return roster()?.counting ?? false;
    },
    get list() {
      return shown().size > 0 ? sorted() : undefined;
    },
    get: (user) => shown().get(user),
    has: (user) => shown().has(user),
    [Symbol.iterator]: () => sorted().values(),
  };
}

/** By the units of UTF-16: the same everywhere, whatever the language. */
export function byUser(a: { readonly user: string }, b: { readonly user: string }): number {
  return a.user < b.user ? -1 : 1;
}
