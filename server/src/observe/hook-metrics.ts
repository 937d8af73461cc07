import { Gauge, Histogram, type Registry } from 'prom-client';
import type { EventBus } from '../events.ts';

/** Adds the metrics of hooks to a registry. */
export function addHookMetrics(events: EventBus, registry: Registry): void {
  const duration = new Histogram({
    name: 'sluice_hook_duration_seconds',
    help: 'Time until a hook answered or failed, by hook, operation and outcome: `answered`, or how it failed',
    labelNames: ['hook', 'operation', 'outcome'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  const paused = new Gauge({
    name: 'sluice_hook_paused',
    help: '1 while a hook is not asked because it failed several times in a row',
    labelNames: ['hook'],
    registers: [registry],
  });
  events.on('hookAsked', (event) => {
    const { hook, kind: operation, outcome } = event;
    duration.observe({ hook, operation, outcome }, event.duration / 1000);
  });
  events.on('hookPaused', ({ hook, pause }) => paused.set({ hook }, pause > 0 ? 1 : 0));
}
