import type { Filter, Message, TagTest } from '@sluice/protocol';
import fc from 'fast-check';

/** Few values, so that filters and messages often meet. */
const text = fc.constantFrom('', 'a', 'ab', 'b', '1', '2', '10', '1.5', '-3');
const texts = fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 4 }));
const name = fc.constantFrom('a', 'b', 'price');
const named = fc.constantFrom('ada', 'bob', 'eve');
const oneOrMore = fc.oneof(named, fc.array(named, { minLength: 1, maxLength: 3 }));
const pattern = fc.constantFrom('x:1', 'x:2', 'x:*', 'x:**', '*:1', '**', 'y');
const numbers = fc.constantFrom(-3, 0, 1, 1.5, 2, 10);

const comparisons = <T>(value: fc.Arbitrary<T>) =>
  fc.record({ gt: value, gte: value, lt: value, lte: value, prefix: text, exists: fc.boolean() }, { requiredKeys: [] });

const test: fc.Arbitrary<TagTest> = fc.oneof(
  texts,
  fc.oneof(comparisons(numbers), comparisons(text)).filter((tests) => Object.keys(tests).length > 0),
);

/** Any filter over few names and values. */
export const filters: fc.Arbitrary<Filter> = fc.record(
  {
    event: oneOrMore,
    from: oneOrMore,
    channel: fc.oneof(pattern, fc.array(pattern, { minLength: 1, maxLength: 3 })),
    tags: fc.dictionary(name, test, { maxKeys: 3 }),
  },
  { requiredKeys: [] },
);

/** Messages that such filters tell apart. */
export const messages: fc.Arbitrary<Message> = fc.record(
  {
    id: fc.constant('m'),
    offset: fc.constant(1),
    time: fc.constant(0),
    data: fc.constant(null),
    event: named,
    from: named,
    tags: fc.dictionary(name, text, { maxKeys: 3 }),
    origin: fc.record({ channel: fc.constantFrom('x:1', 'x:2', 'x:1:2', 'y'), offset: fc.constant(1) }),
  },
  { requiredKeys: ['id', 'offset', 'time', 'data'] },
);

/** The meaning of a filter, as SPEC.md section 3.5 says it, without a canonical form. */
export function fulfilsFilter({ event, from, channel, tags = {} }: Filter, message: Message, log: string): boolean {
  const own = message.origin?.channel ?? log;
  return (
    (event === undefined || [event].flat().some((one) => one === message.event)) &&
    (from === undefined || [from].flat().some((one) => one === message.from)) &&
    (channel === undefined || [channel].flat().some((one) => fits(one.split(':'), own.split(':')))) &&
    Object.entries(tags).every(([tag, wanted]) => fulfilsTest(wanted, message.tags?.[tag]))
  );
}

function fits([part, ...parts]: readonly string[], [own, ...others]: readonly string[]): boolean {
  if (part === undefined || own === undefined) return part === own;
  if (part === '**') return true;
  return (part === '*' || part === own) && fits(parts, others);
}

function fulfilsTest(wanted: TagTest, value: string | undefined): boolean {
  if (typeof wanted === 'string' || Array.isArray(wanted)) return [wanted].flat().some((one) => one === value);
  const { exists, prefix, gt, gte, lt, lte } = wanted as Exclude<TagTest, string | readonly string[]>;
  if (exists === false && value !== undefined) return false;
  const others = [exists === true || undefined, prefix, gt, gte, lt, lte].filter((one) => one !== undefined);
  if (value === undefined) return others.length === 0;
  return (
    (prefix === undefined || value.startsWith(prefix)) &&
    compares(value, gt, (a, b) => a > b) &&
    compares(value, gte, (a, b) => a >= b) &&
    compares(value, lt, (a, b) => a < b) &&
    compares(value, lte, (a, b) => a <= b)
  );
}

type Comparable = string | number;

function compares(
  value: string,
  bound: Comparable | undefined,
  is: (a: Comparable, b: Comparable) => boolean,
): boolean {
  if (bound === undefined) return true;
  if (typeof bound === 'string') return is(value, bound);
  return /^-?[0-9]/.test(value) && !Number.isNaN(Number(value)) && is(Number(value), bound);
}
