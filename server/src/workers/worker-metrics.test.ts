import { describe, expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { Metrics } from '../observe/metrics.ts';
import { WorkerMetrics } from './worker-metrics.ts';

/** A worker that has published messages, and holds connections. */
function worker({ published, open }: { published: number; open: number }) {
  const events = new EventBus();
  const metrics = new Metrics(events, { channels: () => 1 });
  for (let at = 0; at < published; at++)
    events.emit('published', { channel: 'a', id: 'm', number: 1, offset: at + 1, waited: 1 });
  for (let at = 0; at < open; at++)
    events.emit('connectionOpened', { connection: `c${at}`, address: '', protocol: '' });
  return metrics;
}

async function valuesOf(metrics: WorkerMetrics, running = 2): Promise<Record<string, number>> {
  const text = await metrics.text({ running });
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

describe('the metrics of workers', () => {
  it('adds up the counters and histograms of the workers', async () => {
    const metrics = new WorkerMetrics();
    metrics.note('m/1', await worker({ published: 3, open: 1 }).snapshot());
    metrics.note('m/2', await worker({ published: 4, open: 2 }).snapshot());
    expect(await valuesOf(metrics)).toMatchObject({
      sluice_messages_in_total: 7,
      sluice_connections: 3,
      sluice_channels: 2,
      sluice_publish_latency_seconds_count: 7,
      'sluice_publish_latency_seconds_bucket{le="+Inf"}': 7,
      sluice_workers: 2,
      sluice_workers_replaced: 0,
    });
  });

  it('uses only the latest snapshot of each worker', async () => {
    const metrics = new WorkerMetrics();
    for (const published of [3, 5]) metrics.note('m/1', await worker({ published, open: 0 }).snapshot());
    expect(await valuesOf(metrics)).toMatchObject({ sluice_messages_in_total: 5 });
  });

  it('keeps the counters of a worker that has ended, but not its connections', async () => {
    const metrics = new WorkerMetrics();
    for (const published of [3, 4]) {
      metrics.note('m/1', await worker({ published, open: 2 }).snapshot());
      metrics.gone('m/1');
      metrics.replaced();
    }
    metrics.note('m/1', await worker({ published: 1, open: 1 }).snapshot());
    expect(await valuesOf(metrics, 1)).toMatchObject({
      sluice_messages_in_total: 8,
      sluice_publish_latency_seconds_count: 8,
      sluice_connections: 1,
      sluice_workers: 1,
      sluice_workers_replaced: 2,
    });
  });
});
