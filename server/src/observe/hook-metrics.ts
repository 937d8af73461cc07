import { Gauge, Histogram, type Registry } from 'prom-client';
import type { EventBus } from '../events.ts';

/** What a scrape needs to know of a hook. */
export interface HookNumbers {
  readonly name: string;
  readonly isPaused: boolean;
}

/** Adds the metrics of hooks to a registry. */
export function addHookMetrics(events: EventBus, registry: Registry, hooks: () => readonly HookNumbers[]): void {
  const duration = new Histogram({
    name: 'sluice_hook_duration_seconds',
    help: 'Time until a hook answered or failed, by hook, operation and outcome: `answered`, or how it failed',
    labelNames: ['hook', 'operation', 'outcome'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  new Gauge({
    name: 'sluice_hook_paused',
    help: '1 while a hook is not asked because it failed several times in a row',
    labelNames: ['hook'],
    registers: [registry],
    aggregator: 'max',
    // Read from the hooks themselves: a reload replaces them, and ends a pause without an event.
    collect() {
      this.reset();
      for (const { name, isPaused } of hooks()) this.set({ hook: name }, isPaused ? 1 : 0);
    },
  });
  events.on('hookAsked', (event) => {
    const { hook, kind: operation, outcome } = event;
    duration.observe({ hook, operation, outcome }, event.duration / 1000);
  });
}
