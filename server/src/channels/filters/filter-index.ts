import { type Conditions, type Message, matches, type TagConditions, tagOf } from '@sluice/protocol';

/** What the index finds. */
export interface Filtered {
  readonly conditions: Conditions;
}

/** Where a filter is kept: under some values of one field, or among those that are compared with every message. */
type Place = { readonly field: string; readonly values: Iterable<string> } | null;

/** The field whose value is the name of any tag of the message. */
const TAG_NAMES = 'tags';
const fieldOf = (tag: string): string => `tag ${tag}`;

/**
 * Filters by what a message must have to match them, so that a message is compared with few of
 * them: 10,000 filters like `symbol = X` cost one look-up.
 */
export class FilterIndex<Entry extends Filtered> {
  readonly #byField = new Map<string, Map<string, Set<Entry>>>();
  /** Filters that no value leads to. */
  readonly #unplaced = new Set<Entry>();

  /** How many filters are compared with every message. */
  get unplaced(): number {
    return this.#unplaced.size;
  }

  add(entry: Entry): void {
    if (entry.conditions.never === true) return;
    const place = placeOf(entry.conditions);
    if (place === null) this.#unplaced.add(entry);
    else for (const value of place.values) this.#bucket(place.field, value).add(entry);
  }

  delete(entry: Entry): void {
    const place = placeOf(entry.conditions);
    if (place === null) this.#unplaced.delete(entry);
    else for (const value of place.values) this.#deleteFrom(place.field, value, entry);
  }

  /** Calls `use` once for each filter that the message matches. `log`: the channel of its log. */
  find(message: Message, log: string, use: (entry: Entry) => void): void {
    const { event, from, tags } = message;
    const visit = (entries: Iterable<Entry> | undefined): void => {
      if (entries === undefined) return;
      for (const entry of entries) if (matches(entry.conditions, message, log)) use(entry);
    };
    if (event !== undefined) visit(this.#byField.get('event')?.get(event));
    if (from !== undefined) visit(this.#byField.get('from')?.get(from));
    for (const name in tags) {
      visit(this.#byField.get(TAG_NAMES)?.get(name));
      visit(this.#byField.get(fieldOf(name))?.get(tagOf(tags, name) ?? ''));
    }
    visit(this.#unplaced);
  }

  #bucket(field: string, value: string): Set<Entry> {
    const values = this.#byField.get(field) ?? new Map<string, Set<Entry>>();
    this.#byField.set(field, values);
    const bucket = values.get(value) ?? new Set<Entry>();
    values.set(value, bucket);
    return bucket;
  }

  #deleteFrom(field: string, value: string, entry: Entry): void {
    const values = this.#byField.get(field);
    const bucket = values?.get(value);
    bucket?.delete(entry);
    if (bucket?.size === 0) values?.delete(value);
    if (values?.size === 0) this.#byField.delete(field);
  }
}

/** Would a filter with these conditions be compared with every message? */
export const isUnplaced = (conditions: Conditions): boolean =>
  conditions.never !== true && placeOf(conditions) === null;

/** Under the condition with the fewest values; a tag is preferred, because it tells messages apart best. */
function placeOf({ tags, from, event }: Conditions): Place {
  const places: { readonly field: string; readonly values: ReadonlySet<string> }[] = [];
  for (const [name, { values }] of tags) if (values !== undefined) places.push({ field: fieldOf(name), values });
  if (from !== undefined) places.push({ field: 'from', values: from });
  if (event !== undefined) places.push({ field: 'event', values: event });
  const [first, ...others] = places;
  if (first !== undefined)
    return others.reduce((best, other) => (other.values.size < best.values.size ? other : best), first);
  const present = [...tags].find(([, conditions]) => mustExist(conditions));
  return present === undefined ? null : { field: TAG_NAMES, values: [present[0]] };
}

const mustExist = ({ absent }: TagConditions): boolean => absent !== true;
