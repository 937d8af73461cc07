/**
 * The canonical form of filters: the same conditions in another order or notation give the same
 * form, and the same key.
 */

import type { Bound, Conditions, Filter, Range, TagConditions, TagTest } from './filter.ts';
import { fulfils } from './filter-match.ts';
import { intersectPatterns, withoutCovered } from './pattern-sets.ts';

/** Conditions that every message fulfils. */
export const EVERY: Conditions = Object.freeze({ tags: new Map<string, never>() });
/** Conditions that no message fulfils. */
export const NEVER: Conditions = Object.freeze({ never: true, tags: new Map<string, never>() });

const setOf = (texts: Iterable<string>): ReadonlySet<string> => new Set([...new Set(texts)].sort());
const patternsOf = (sources: readonly string[]): ReadonlyMap<string, readonly string[]> =>
  new Map([...withoutCovered(sources)].sort().map((source) => [source, source.split(':')]));
const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

/** Brings a checked filter into canonical form. */
export function canonical({ event, from, channel, tags }: Filter): Conditions {
  const conditions = {
    ...(event === undefined ? {} : { event: setOf(listOf(event)) }),
    ...(from === undefined ? {} : { from: setOf(listOf(from)) }),
    ...(channel === undefined ? {} : { channel: patternsOf(listOf(channel)) }),
  };
  return withTags(
    conditions,
    Object.entries(tags ?? {}).map(([name, test]) => [name, tagConditions(test)]),
  );
}

type Rest = Omit<Conditions, 'tags'>;

function withTags(rest: Rest, tags: readonly (readonly [string, TagConditions | null])[]): Conditions {
  const found = new Map<string, TagConditions>();
  for (const [name, conditions] of tags.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (conditions === null) return NEVER;
    found.set(name, conditions);
  }
  const isEmpty = [rest.event, rest.from, rest.channel].some((set) => set?.size === 0);
  return isEmpty ? NEVER : { ...rest, tags: found };
}

/** @returns `null` if no value fulfils the test */
function tagConditions(test: TagTest): TagConditions | null {
  if (typeof test === 'string' || Array.isArray(test)) return { values: setOf(listOf(test as string | string[])) };
  const { prefix, exists, ...comparisons } = test as Exclude<TagTest, string | readonly string[]>;
  const all: TagConditions[] = Object.entries(comparisons).flatMap(([name, value]) =>
    value === undefined ? [] : [comparison(name, value)],
  );
  if (prefix !== undefined) all.push(prefix === '' ? {} : { prefix });
  if (exists !== undefined) all.push(exists ? {} : { absent: true });
  return all.reduce<TagConditions | null>((one, other) => (one === null ? null : bothOnTag(one, other)), all[0] ?? {});
}

function comparison(name: string, value: number | string): TagConditions {
  const bound = { value, inclusive: name.endsWith('e') };
  const range = name.startsWith('g') ? { over: bound } : { under: bound };
  return typeof value === 'number' ? { numbers: range as Range<number> } : { texts: range as Range<string> };
}

/** The conditions that hold where both hold. */
export function both(a: Conditions, b: Conditions): Conditions {
  if (a.never === true || b.never === true) return NEVER;
  const event = common(a.event, b.event);
  const from = common(a.from, b.from);
  const channel = commonPatterns(a.channel, b.channel);
  const names = new Set([...a.tags.keys(), ...b.tags.keys()]);
  const rest = { ...(event && { event }), ...(from && { from }), ...(channel && { channel }) };
  return withTags(
    rest,
    [...names].map((name) => [name, either(a.tags.get(name), b.tags.get(name), bothOnTag) ?? null]),
  );
}

function either<T, R>(a: T | undefined, b: T | undefined, combine: (a: T, b: T) => R): T | R | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return combine(a, b);
}

type Texts = ReadonlySet<string> | undefined;

const common = (a: Texts, b: Texts): Texts =>
  either(a, b, (some, others) => setOf([...some].filter((x) => others.has(x))));

const commonPatterns = (a: Conditions['channel'], b: Conditions['channel']): Conditions['channel'] =>
  either(a, b, (some, others) => {
    const pairs = [...some.keys()].flatMap((one) => [...others.keys()].map((other) => intersectPatterns(one, other)));
    return patternsOf(pairs.filter((pattern) => pattern !== null));
  });

/** @returns `null` if no value fulfils both */
function bothOnTag(a: TagConditions, b: TagConditions): TagConditions | null {
  if (a.absent || b.absent) return a.absent && b.absent ? a : null;
  const values = common(a.values, b.values);
  const prefix = longer(a.prefix, b.prefix);
  const numbers = either(a.numbers, b.numbers, narrower);
  const texts = either(a.texts, b.texts, narrower);
  if (prefix === null || isEmpty(numbers) || isEmpty(texts)) return null;
  const others = { ...(prefix !== undefined && { prefix }), ...(numbers && { numbers }), ...(texts && { texts }) };
  if (values === undefined) return others;
  const left = [...values].filter((value) => fulfils(others, value));
  return left.length === 0 ? null : { values: setOf(left) };
}

/** The prefix that implies the other. `null` if no text has both. */
function longer(a: string | undefined, b: string | undefined): string | null | undefined {
  return either(a, b, (one, other) => (one.startsWith(other) ? one : other.startsWith(one) ? other : null));
}

function narrower<T extends number | string>(a: Range<T>, b: Range<T>): Range<T> {
  const over = either(a.over, b.over, (one, other) => (isStricter(one, other, 1) ? one : other));
  const under = either(a.under, b.under, (one, other) => (isStricter(one, other, -1) ? one : other));
  return { ...(over && { over }), ...(under && { under }) };
}

/** @param sign 1 for bounds from below, -1 for bounds from above */
function isStricter<T extends number | string>(a: Bound<T>, b: Bound<T>, sign: number): boolean {
  if (a.value === b.value) return !a.inclusive;
  return a.value > b.value === sign > 0;
}

function isEmpty<T extends number | string>({ over, under }: Range<T> = {}): boolean {
  if (over === undefined || under === undefined || over.value < under.value) return false;
  return over.value > under.value || !over.inclusive || !under.inclusive;
}

/** Names conditions: equal exactly for equal conditions. Empty if every message fulfils them. */
export function filterKey({ never, event, from, channel, tags }: Conditions): string {
  if (never === true) return 'never';
  const parts: unknown[] = [];
  for (const [name, set] of Object.entries({ event, from, channel })) {
    if (set !== undefined) parts.push([name, ...set.keys()]);
  }
  for (const [name, conditions] of tags) parts.push(['tag', name, tagKey(conditions)]);
  return parts.length === 0 ? '' : JSON.stringify(parts);
}

const rangeKey = ({ over, under }: Range<unknown>): unknown[] => [
  over === undefined ? null : [over.value, over.inclusive],
  under === undefined ? null : [under.value, under.inclusive],
];

function tagKey({ absent, values, prefix, numbers, texts }: TagConditions): unknown {
  if (absent === true) return false;
  if (values !== undefined) return [...values];
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(numbers === undefined ? {} : { numbers: rangeKey(numbers) }),
    ...(texts === undefined ? {} : { texts: rangeKey(texts) }),
  };
}
