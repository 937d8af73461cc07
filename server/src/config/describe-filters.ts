/** Filters of channel rules as in a file. */

import { type Binding, type Filter, filterKey, type TagTest, writeFilter } from '@sluice/protocol';
import type { ClaimCondition, Only } from '../rule.ts';

const describeBinding = ({ from, where }: Binding): string | object =>
  filterKey(where) === '' ? from.source : { channel: from.source, where: writeFilter(where) };

export const describeBind = (bind: readonly Binding[]): object =>
  bind.length === 0 ? {} : { bind: bind.map(describeBinding) };

const valuesOf = ({ claims, values }: ClaimCondition): readonly string[] => [
  ...values,
  ...claims.map((claim) => `claim:${claim}`),
];

function describeOnlyFilter({ fixed, claimed }: Only): Filter {
  const { tags: fixedTags, ...filter } = writeFilter(fixed);
  const tags: Record<string, TagTest> = { ...fixedTags };
  const fields: Record<string, readonly string[]> = {};
  for (const condition of claimed) {
    if (condition.tag === undefined) fields[condition.field] = valuesOf(condition);
    else tags[condition.tag] = valuesOf(condition);
  }
  return { ...filter, ...fields, ...(Object.keys(tags).length === 0 ? {} : { tags }) };
}

export const describeOnly = (only: Only | null): object => (only === null ? {} : { only: describeOnlyFilter(only) });
