import type { SinkRecord } from './sink.ts';
import { fill, type Lookup } from './templates.ts';

/** The event of a message without one. */
const NO_EVENT = 'message';

/**
 * Fills in a template of where to send; a tag without a value is `none`.
 *
 * @param clean makes a value one that may be there, and not empty
 */
export function fillFor(
  template: string,
  record: SinkRecord,
  clean: (value: string) => string = (value) => value,
): string {
  const { channel, route = record } = record;
  const { source = channel, event = NO_EVENT, tags } = route;
  const values: Readonly<Record<string, string>> = { channel, source, event };
  const lookup: Lookup = (name) => {
    const value = name.startsWith('tag:') ? tags[name.slice('tag:'.length)] : values[name];
    return value === undefined || value === '' ? 'none' : clean(value);
  };
  return fill(template, lookup);
}
