import { Counter, Gauge, type Registry } from 'prom-client';
import type { EventBus } from '../events.ts';

/** Adds the metrics of bridges to a registry. */
export function addBridgeMetrics(events: EventBus, registry: Registry): void {
  const messages = new Counter({
    name: 'sluice_bridge_messages_total',
    help: 'Messages of bridges, by bridge and outcome: published, sent, dead_lettered, skipped, returned (read from their own origin), gap (lost by the log before they were sent) or lost (by the broker before they were read, or by a full list of dead letters)',
    labelNames: ['bridge', 'outcome'],
    registers: [registry],
  });
  events.on('bridgeCounted', ({ bridge, outcome, count }) => messages.inc({ bridge, outcome }, count));
  const running = new Gauge({
    name: 'sluice_bridge_running',
    help: 'Is the bridge connected and running on this node? The lag of a bridge that sends is that of its group, `bridge/<name>`',
    labelNames: ['bridge'],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'sluice_bridge_failures_total',
    help: 'Lost or refused connections of bridges to their brokers, and other failures',
    labelNames: ['bridge'],
    registers: [registry],
  });
  events.on('bridgeMoved', ({ bridge, state, error }) => {
    running.set({ bridge }, state === 'running' ? 1 : 0);
    if (error !== undefined && state !== 'holding') failures.inc({ bridge });
  });
}
