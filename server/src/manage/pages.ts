import { Refusal } from '../refusal.ts';

/** A page of a node's part of a list, in the order of its keys. */
export interface LocalPage<T> {
  readonly entries: readonly T[];
  /** The key up to which the page is complete; `null`: up to the end. */
  readonly upTo: string | null;
}

/** A page of a list over all nodes. */
export interface Page<T> {
  readonly entries: readonly T[];
  /** The cursor of the next page; absent: there is none. */
  readonly next?: string;
}

/** Entries that one call looks at, on each node: what matches seldom takes more calls, not longer ones. */
export const MOST_SEEN = 5_000;

export interface LocalQuery<T, Shown> {
  /** Only entries whose key is greater. */
  readonly after: string;
  readonly limit: number;
  readonly keyOf: (entry: T) => string;
  /** What is shown of an entry; `null`: it does not match. */
  readonly show: (entry: T) => Shown | null;
  /** `true`: neither this entry nor any after it matches. */
  readonly isPast?: (entry: T) => boolean;
  /** The key up to which the entries are complete. Default: all are there. */
  readonly completeTo?: string | null;
}

/**
 * Reads a page of a node's part of a list.
 *
 * @param entries from the key `after` on, in the order of their keys
 */
export function localPage<T, Shown>(entries: Iterable<T>, query: LocalQuery<T, Shown>): LocalPage<Shown> {
  const { after, limit, keyOf, show, isPast = () => false, completeTo = null } = query;
  const shown: Shown[] = [];
  let seen = 0;
  for (const entry of entries) {
    const key = keyOf(entry);
    if (key <= after) continue;
    if (completeTo !== null && key > completeTo) break;
    if (isPast(entry)) return { entries: shown, upTo: null };
    const one = show(entry);
    if (one !== null) shown.push(one);
    if (shown.length >= limit || ++seen >= MOST_SEEN) return { entries: shown, upTo: key };
  }
  return { entries: shown, upTo: completeTo };
}

/**
 * Merges the pages of all nodes: entries with the same key become one.
 *
 * @param merge makes one entry of those that nodes have with the same key
 */
export function mergePages<T, Merged>(
  pages: readonly LocalPage<T>[],
  limit: number,
  { keyOf, merge }: { readonly keyOf: (entry: T) => string; readonly merge: (entries: readonly T[]) => Merged },
): Page<Merged> {
  const complete = pages.flatMap(({ upTo }) => (upTo === null ? [] : [upTo])).sort(byText)[0];
  const byKey = new Map<string, T[]>();
  for (const entry of pages.flatMap(({ entries }) => entries)) {
    const key = keyOf(entry);
    if (complete !== undefined && key > complete) continue;
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [entry]);
    else same.push(entry);
  }
  const keys = [...byKey.keys()].sort(byText);
  const chosen = keys.slice(0, limit);
  const next = keys.length > limit ? chosen.at(-1) : complete;
  const entries = chosen.map((key) => merge(byKey.get(key) ?? []));
  return next === undefined ? { entries } : { entries, next: toCursor(next) };
}

/** In the order of `SortedList`: by code units, not by the rules of a language. */
const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** The cursor that stands for a key. */
export const toCursor = (key: string): string => Buffer.from(JSON.stringify([key])).toString('base64url');

/** The key that a cursor stands for; '' without a cursor. */
export function readCursor(cursor: string | undefined): string | Refusal {
  if (cursor === undefined) return '';
  const wrong = new Refusal('command_invalid', '"cursor" must be the "next" of the page before');
  try {
    const [key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as readonly unknown[];
    return typeof key === 'string' && toCursor(key) === cursor ? key : wrong;
  } catch {
    return wrong;
  }
}
