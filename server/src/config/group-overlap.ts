/** Which groups of a rule could be the same one: a group per user has many names. */

import type { GroupRule } from '../rule.ts';
import type { Path, Problems } from './problems.ts';

const USER = '{sub}';

/** The name of a user's group: what is before the user, and what is after. */
type Template = readonly [start: string, end: string];

function templateOf(name: string): Template | null {
  const [start = '', end] = name.split(USER);
  return end === undefined ? null : [start, end];
}

/** No group of a user may be a group that is shared, or that of another user. */
export function checkOverlap(groups: readonly Pick<GroupRule, 'name'>[], path: Path, problems: Problems): void {
  for (const [at, { name }] of groups.entries()) {
    const other = groups.slice(0, at).find((each) => overlap(each.name, name));
    if (other !== undefined) {
      const fix = 'Begin their names differently, for example "user-{sub}" and "service-billing"';
      problems.add([...path, name], `may name the same group as "${other.name}", for some users. ${fix}`);
    }
  }
}

function overlap(one: string, other: string): boolean {
  const [first, second] = [templateOf(one), templateOf(other)];
  if (first !== null && second !== null) return templatesOverlap(first, second);
  if (first !== null) return isOf(first, other);
  return second !== null && isOf(second, one);
}

const isOf = ([start, end]: Template, name: string): boolean =>
  name.length > start.length + end.length && name.startsWith(start) && name.endsWith(end);

function templatesOverlap([start, end]: Template, [otherStart, otherEnd]: Template): boolean {
  const sameStart = start.startsWith(otherStart) || otherStart.startsWith(start);
  return sameStart && (end.endsWith(otherEnd) || otherEnd.endsWith(end));
}
