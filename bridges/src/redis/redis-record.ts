import { contentOrFault } from '../content.ts';
import type { SourceRecord } from '../source.ts';

const NO_BODY = new Uint8Array();
const KEY = 'key';

/**
 * Makes a record of an entry, without its position.
 *
 * @param fields names and values in turn, as bytes: a body may be binary
 * @param bodyField the field that is the body
 */
export function recordOf(
  stream: string,
  fields: readonly Buffer[],
  bodyField: string,
): Omit<SourceRecord, 'once' | 'place'> {
  // The latest value of a name counts. Not an object, in which `__proto__` would be no field.
  const values = new Map<string, Buffer>();
  for (let at = 0; at + 1 < fields.length; at += 2) values.set(`${fields[at]}`, fields[at + 1] as Buffer);
  const body = values.get(bodyField) ?? NO_BODY;
  values.delete(bodyField);
  const key = values.get(KEY)?.toString();
  values.delete(KEY);
  const headers = () => Object.fromEntries([...values].map(([name, value]) => [name, value.toString()] as const));
  return {
    ...{ topic: stream, subject: stream, key },
    ...contentOrFault(body, () => ({ headers: headers(), body })),
  };
}
