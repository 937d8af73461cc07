import type { Metrics } from './metrics.ts';
import { type Snapshot, textOf } from './metrics-sum.ts';

/** Metrics of the process, which only the default app reports. */
const OF_PROCESS: ReadonlySet<string> = new Set([
  'sluice_build_info',
  'sluice_event_loop_lag_seconds',
  'sluice_file_descriptors',
  'sluice_file_descriptors_limit',
  'sluice_connections_refused',
]);

interface MeasuredApp {
  readonly name: string;
  readonly assembly: { readonly metrics: Metrics };
}

/** The metrics of all apps in Prometheus' text format: those of named apps have the label `app`. */
export async function textOfApps(main: Metrics, apps: readonly MeasuredApp[]): Promise<string> {
  const named = apps.map(async ({ name, assembly }) => labelled(await assembly.metrics.snapshot(), name));
  return textOf([await main.snapshot(), ...(await Promise.all(named))]);
}

const labelled = (snapshot: Snapshot, app: string): Snapshot =>
  snapshot
    .filter(({ name }) => !OF_PROCESS.has(name))
    .map((metric) => ({
      ...metric,
      values: metric.values.map((value) => ({ ...value, labels: { ...value.labels, app } })),
    }));
