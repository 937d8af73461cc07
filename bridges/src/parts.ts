import type { OnConfirmed, SinkRecord } from './sink.ts';

interface PartLimits {
  /** Maximum number of records. */
  readonly most: number;
  /** Maximum bytes. A record that is larger is alone. */
  readonly largest: number;
}

/** Bytes that the headers of a record have at most: a channel, an id and an event of full length, each twice. */
const HEADERS = 2_048;

/** About how many bytes a record has in a request, or more. */
function sizeOf({ body, tags }: SinkRecord): number {
  let size = body.length + HEADERS;
  for (const [name, value] of Object.entries(tags)) size += 3 * (name.length + value.length);
  return size;
}

/** About how many bytes records have in a request, or more. */
export const bytesIn = (records: readonly SinkRecord[]): number =>
  records.reduce((size, record) => size + sizeOf(record), 0);

/** Records in parts of a size that one request may have. */
export function partsOf(
  records: readonly SinkRecord[],
  { most, largest }: PartLimits,
): readonly (readonly SinkRecord[])[] {
  const parts: SinkRecord[][] = [];
  let length = 0;
  for (const record of records) {
    const last = parts.at(-1);
    const size = sizeOf(record);
    if (last === undefined || last.length >= most || length + size > largest) {
      parts.push([record]);
      length = size;
    } else {
      last.push(record);
      length += size;
    }
  }
  return parts;
}

/** Sends records in parts, one after the other. Those of a part are confirmed when it was sent. */
export async function inParts(
  records: readonly SinkRecord[],
  { limits, confirmed }: { readonly limits: PartLimits; readonly confirmed: OnConfirmed },
  send: (part: readonly SinkRecord[], confirmed: OnConfirmed) => Promise<void>,
): Promise<void> {
  let before = 0;
  for (const part of partsOf(records, limits)) {
    const first = before;
    await send(part, (at) => confirmed(first + at));
    for (const at of part.keys()) confirmed(first + at);
    before += part.length;
  }
}
