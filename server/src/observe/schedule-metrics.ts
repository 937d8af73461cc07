import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { EventBus } from '../events.ts';

export interface ScheduleSources {
  /** Scheduled messages that wait. */
  readonly scheduled?: () => number;
  /** Recurring schedules. */
  readonly recurring?: () => number;
}

/** Adds the metrics of scheduled and recurring messages. */
export function addScheduleMetrics(
  events: EventBus,
  registry: Registry,
  { scheduled = () => 0, recurring = () => 0 }: ScheduleSources,
): void {
  const registers = [registry];
  const reading = (name: string, help: string, value: () => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(value());
      },
    });
  reading('sluice_scheduled_messages', 'Waiting scheduled messages that this node knows', scheduled);
  reading('sluice_recurring_schedules', 'Recurring schedules that this node knows', recurring);
  const published = new Counter({
    name: 'sluice_scheduled_published_total',
    help: 'Messages of schedules that this node published, by kind: `once` or `recurring`',
    labelNames: ['kind'],
    registers,
  });
  const dropped = new Counter({
    name: 'sluice_scheduled_dropped_total',
    help: 'Messages of schedules that were refused for good when they were due, by kind and error',
    labelNames: ['kind', 'error'],
    registers,
  });
  const late = new Histogram({
    name: 'sluice_scheduled_delay_seconds',
    help: 'How late messages of schedules were published',
    buckets: [0.01, 0.1, 0.5, 2, 10, 60, 600, 3600],
    registers,
  });
  const missed = new Counter({
    name: 'sluice_recurring_missed_total',
    help: 'How often a recurring schedule missed one or more of its times in a row',
    registers,
  });
  events.on('latePublished', ({ kind, delay }) => {
    published.inc({ kind });
    late.observe(delay / 1000);
  });
  events.on('lateDropped', ({ kind, error }) => dropped.inc({ kind, error }));
  events.on('timesMissed', () => missed.inc());
}
