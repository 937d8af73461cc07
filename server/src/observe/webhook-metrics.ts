import { Gauge, Histogram, type Registry } from 'prom-client';
import type { EventBus } from '../events.ts';

/** What an endpoint has not received. */
export interface WebhookNumbers {
  readonly name: string;
  readonly lag: number;
  /** Milliseconds. */
  readonly oldest: number;
}

/** Adds the metrics of webhooks to a registry. */
export function addWebhookMetrics(
  events: EventBus,
  registry: Registry,
  measure: () => Promise<readonly WebhookNumbers[]>,
): void {
  const duration = new Histogram({
    name: 'sluice_webhook_duration_seconds',
    help: 'Time until an endpoint received a request or failed, by webhook and outcome: `received`, or how it failed',
    labelNames: ['webhook', 'outcome'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  });
  events.on('webhookSent', (event) => {
    duration.observe({ webhook: event.webhook, outcome: event.outcome }, event.duration / 1000);
  });
  let reading: Promise<readonly WebhookNumbers[]> | undefined;
  // Each gauge is read by itself; they share one look at the engine.
  const read = () => {
    reading ??= measure()
      .catch(() => []) // the engine is away, which has a metric of its own
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  gauge(registry, read, {
    name: 'sluice_webhook_lag',
    help: 'Events that an endpoint has not received, by webhook',
    value: ({ lag }) => lag,
  });
  gauge(registry, read, {
    name: 'sluice_webhook_oldest_seconds',
    help: 'Age of the oldest event that an endpoint has not received, by webhook',
    value: ({ oldest }) => oldest / 1000,
  });
}

interface LagGauge {
  readonly name: string;
  readonly help: string;
  readonly value: (numbers: WebhookNumbers) => number;
}

function gauge(
  registry: Registry,
  read: () => Promise<readonly WebhookNumbers[]>,
  { value, ...names }: LagGauge,
): void {
  new Gauge({
    ...{ ...names, labelNames: ['webhook'], registers: [registry] },
    aggregator: 'max', // workers share an engine, and report the same
    async collect() {
      const all = await read();
      this.reset();
      for (const numbers of all) this.set({ webhook: numbers.name }, value(numbers));
    },
  });
}
