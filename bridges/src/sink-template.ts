import type { SinkRecord } from './sink.ts';
import { fill, type Lookup } from './templates.ts';

/** The event of a message without one. */
const NO_EVENT = 'message';

/** Fills in a template of where to send; a tag without a value is `none`. */
export function fillFor(template: string, { channel, event = NO_EVENT, tags }: SinkRecord): string {
  const values: Readonly<Record<string, string>> = { channel, event };
  const lookup: Lookup = (name) => {
    const value = name.startsWith('tag:') ? tags[name.slice('tag:'.length)] : values[name];
    return value === undefined || value === '' ? 'none' : value;
  };
  return fill(template, lookup);
}
