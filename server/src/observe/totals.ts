import type { Snapshot } from './metrics-sum.ts';

/** Metrics whose sums are reported, by what they are called there. */
const REPORTED = {
  published: 'sluice_messages_in_total',
  delivered: 'sluice_messages_out_total',
  gaps: 'sluice_gaps_total',
  errors: 'sluice_errors_total',
} as const;

/** What was counted since the start, summed over labels. */
export type Totals = { readonly [Name in keyof typeof REPORTED]: number };

export function totalsOf(snapshot: Snapshot): Totals {
  const sumOf = (metric: string): number =>
    snapshot.find(({ name }) => name === metric)?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
  const { published, delivered, gaps, errors } = REPORTED;
  return { published: sumOf(published), delivered: sumOf(delivered), gaps: sumOf(gaps), errors: sumOf(errors) };
}
