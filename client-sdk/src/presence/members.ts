import type { CompareMembers, Member, Members } from '../presence-api.ts';
import { EMPTY, type MemberMap, type Roster } from './roster.ts';

/** A view of the members. It has no empty list: the public object has one, which keeps its identity. */
type RosterView = Omit<Members, 'list'> & { readonly counting: boolean; readonly list: Members['list'] | undefined };

/** Creates a sorted view of the members. It keeps only the last list. */
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

  // No method uses `this`, because the public object passes them on.
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

/** By UTF-16 code units: the same order for every locale. */
export function byUser(a: { readonly user: string }, b: { readonly user: string }): number {
  return a.user < b.user ? -1 : 1;
}
