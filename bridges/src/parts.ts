import type { SinkRecord } from './sink.ts';

interface PartLimits {
  /** Maximum number of records. */
  readonly most: number;
  /** Maximum bytes of their bodies. A record that is larger is alone. */
  readonly largest: number;
}

/** Records in parts of a size that one request may have. */
export function partsOf(
  records: readonly SinkRecord[],
  { most, largest }: PartLimits,
): readonly (readonly SinkRecord[])[] {
  const parts: SinkRecord[][] = [];
  let length = 0;
  for (const record of records) {
    const last = parts.at(-1);
    if (last === undefined || last.length >= most || length + record.body.length > largest) {
      parts.push([record]);
      length = record.body.length;
    } else {
      last.push(record);
      length += record.body.length;
    }
  }
  return parts;
}
