import type { Conditions, Filter, Range, TagConditions, TagTest } from './filter.ts';

/** As in a file: one value stands alone. */
const valuesOf = (values: Iterable<string>): string | readonly string[] => {
  const list = [...values];
  return list.length === 1 ? (list[0] ?? list) : list;
};

const boundsOf = ({ over, under }: Range<number | string> = {}): object => ({
  ...(over === undefined ? {} : { [over.inclusive ? 'gte' : 'gt']: over.value }),
  ...(under === undefined ? {} : { [under.inclusive ? 'lte' : 'lt']: under.value }),
});

/** Writes conditions as a filter, the inverse of `canonical`. SPEC.md section 3.5. */
export function writeFilter({ never, event, from, channel, tags }: Conditions): Filter {
  if (never === true) return { event: [] };
  return {
    ...(event === undefined ? {} : { event: valuesOf(event) }),
    ...(from === undefined ? {} : { from: valuesOf(from) }),
    ...(channel === undefined ? {} : { channel: valuesOf(channel.keys()) }),
    ...(tags.size === 0 ? {} : { tags: Object.fromEntries([...tags].map(([name, test]) => [name, writeTest(test)])) }),
  };
}

function writeTest({ absent, values, prefix, numbers, texts }: TagConditions): TagTest {
  if (absent === true) return { exists: false };
  if (values !== undefined) return valuesOf(values);
  const test = { ...(prefix === undefined ? {} : { prefix }), ...boundsOf(texts), ...boundsOf(numbers) };
  return Object.keys(test).length === 0 ? { exists: true } : test;
}
