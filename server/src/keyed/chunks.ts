/** Bytes of one push, roughly: below the size at which the transport stops batching frames. */
const CHUNK_BYTES = 12_000;

export interface Chunks<T> {
  readonly chunks: T[][];
  /** Bytes of all items as JSON. */
  readonly bytes: number;
}

/** Splits items into chunks of a good size for a push. */
export function splitIntoChunks<T>(items: readonly T[]): Chunks<T> {
  const chunks: T[][] = [];
  let all = 0;
  let size = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const bytes = Buffer.byteLength(JSON.stringify(item));
    if (size + bytes > CHUNK_BYTES) {
      chunks.push([]);
      size = 0;
    }
    chunks.at(-1)?.push(item);
    size += bytes;
    all += bytes;
  }
  return { chunks, bytes: all };
}
