/** Adds up the metrics of several processes. */

import { AggregatorRegistry, Gauge, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';

/** All metrics of one process at one moment: plain data. */
export type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Adds snapshots up, metric by metric and label by label. */
export function sumOf(snapshots: readonly Snapshot[]): Promise<Snapshot> {
  return AggregatorRegistry.aggregate([...snapshots]).getMetricsAsJSON() as Promise<Snapshot>;
}

/** A sum in Prometheus' text format. */
export function textOf(snapshots: readonly Snapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate([...snapshots]).metrics();
}

/** Metrics that stay in the sum when their process is gone: counters and histograms, but no gauges. */
export function lastingPart(snapshot: Snapshot): Snapshot {
  return snapshot.filter(({ type }) => String(type) !== 'gauge' && String(type) !== 'summary');
}

/** Gauges of the supervisor: value by name, with its help. */
export async function gauges(values: Readonly<Record<string, { help: string; value: number }>>): Promise<Snapshot> {
  const registry = new Registry();
  for (const [name, { help, value }] of Object.entries(values)) {
    new Gauge({ name, help, registers: [registry] }).set(value);
  }
  return (await registry.getMetricsAsJSON()) as Snapshot;
}
