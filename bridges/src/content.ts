import type { SourceRecord } from './source.ts';
import { reasonOf } from './unmappable.ts';

/** The part of a record that its producer wrote. */
export type Content = Pick<SourceRecord, 'headers' | 'body' | 'fault' | 'tags'>;

/** Reads what a producer wrote. If that fails, whatever the error, the record is poison. */
export function contentOrFault(body: Uint8Array, read: () => Content): Content {
  try {
    return read();
  } catch (error) {
    return { headers: {}, body, fault: reasonOf(error) };
  }
}
