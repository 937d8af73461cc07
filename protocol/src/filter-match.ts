import type { Conditions, Range, TagConditions } from './filter.ts';
import type { Message, Tags } from './messages.ts';
import { coversSegments } from './pattern-sets.ts';

const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** Does the message fulfil the conditions? `channel`: the channel of its log; a copy also has the channel of its origin. */
export function matches({ never, event, from, channel, tags }: Conditions, message: Message, log: string): boolean {
  if (never === true) return false;
  if (event !== undefined && (message.event === undefined || !event.has(message.event))) return false;
  if (from !== undefined && (message.from === undefined || !from.has(message.from))) return false;
  if (channel !== undefined && !isIn(channel, message.origin?.channel ?? log)) return false;
  for (const [name, conditions] of tags) {
    const value = tagOf(message.tags, name);
    if (value === undefined ? conditions.absent !== true : !fulfils(conditions, value)) return false;
  }
  return true;
}

/** The value of a tag, if the message has the tag. */
export const tagOf = (tags: Tags | undefined, name: string): string | undefined =>
  tags !== undefined && Object.hasOwn(tags, name) ? tags[name] : undefined;

/** Does the value of a tag fulfil its conditions? */
export function fulfils({ absent, values, prefix, numbers, texts }: TagConditions, value: string): boolean {
  if (absent === true) return false;
  if (values !== undefined) return values.has(value);
  if (prefix !== undefined && !value.startsWith(prefix)) return false;
  if (texts !== undefined && !isWithin(texts, value)) return false;
  return numbers === undefined || (DECIMAL.test(value) && isWithin(numbers, Number(value)));
}

function isWithin<T extends number | string>({ over, under }: Range<T>, value: T): boolean {
  if (over !== undefined && (over.inclusive ? value < over.value : value <= over.value)) return false;
  return under === undefined || (under.inclusive ? value <= under.value : value < under.value);
}

function isIn(patterns: ReadonlyMap<string, readonly string[]>, channel: string): boolean {
  if (patterns.has(channel)) return true; // a literal name
  const segments = channel.split(':');
  for (const pattern of patterns.values()) if (coversSegments(pattern, segments)) return true;
  return false;
}
