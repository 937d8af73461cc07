import type { Registry } from 'prom-client';

/** Metrics whose sums are reported, by what they are called there. */
const REPORTED = {
  published: 'sluice_messages_in_total',
  delivered: 'sluice_messages_out_total',
  gaps: 'sluice_gaps_total',
  errors: 'sluice_errors_total',
} as const;

/** What was counted since the start, summed over labels. */
export type Totals = { readonly [Name in keyof typeof REPORTED]: number };

/** Reads these counters alone: a gauge may ask the engine, and what it measures is not needed here. */
export async function totalsOf(registry: Registry): Promise<Totals> {
  const sumOf = async (name: string): Promise<number> => {
    const metric = await registry.getSingleMetric(name)?.get();
    return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
  };
  const { published, delivered, gaps, errors } = REPORTED;
  return {
    published: await sumOf(published),
    delivered: await sumOf(delivered),
    gaps: await sumOf(gaps),
    errors: await sumOf(errors),
  };
}
