/** Messages that are looked at to estimate the bytes of a log. Of fewer, the sum is exact. */
export const WEIGHED = 16;

/**
 * Estimates the bytes of a log's messages from some of them, evenly spread.
 *
 * @param sizeOf bytes of the message at an offset; `undefined` if there is none
 */
export function estimateBytes(first: number, head: number, sizeOf: (offset: number) => number | undefined): number {
  const count = head - first + 1;
  const step = Math.max(1, count / WEIGHED);
  let [sum, weighed] = [0, 0];
  for (let at = 0; at < Math.min(count, WEIGHED); at++) {
    const size = sizeOf(first + Math.floor(at * step));
    if (size === undefined) continue;
    sum += size;
    weighed++;
  }
  return weighed === 0 ? 0 : Math.round((sum / weighed) * count);
}
