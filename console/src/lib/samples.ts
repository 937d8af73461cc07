/** The figures of the overview, from the text format of Prometheus. */

/** A histogram: cumulative counts by upper bound. */
export type Buckets = ReadonlyMap<number, number>;

/** The buckets of a histogram without labels. */
export function bucketsOf(text: string, name: string): Buckets {
  const line = new RegExp(`^${name}_bucket\\{le="([^"]+)"\\} (\\S+)$`, 'gm');
  return new Map(
    [...text.matchAll(line)].map(([, bound, value]) => [bound === '+Inf' ? Infinity : Number(bound), Number(value)]),
  );
}

/**
 * A quantile of what was observed between two readings, as the upper bound of its bucket; `null` if
 * nothing was observed.
 */
export function quantileBetween(before: Buckets, after: Buckets, part: number): number | null {
  const grown = [...after]
    .map(([bound, value]) => [bound, value - (before.get(bound) ?? 0)] as const)
    .sort(([a], [b]) => a - b);
  const total = grown.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  return grown.find(([, value]) => value >= total * part)?.[0] ?? null;
}
