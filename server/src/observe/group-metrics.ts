import { Counter, Gauge, type Registry } from 'prom-client';
import type { EventBus } from '../events.ts';

/** The numbers of the groups of one rule. */
export interface GroupNumbers {
  /** Pattern of the rule. */
  readonly rule: string;
  /** Name of the group in the rule. */
  readonly group: string;
  readonly ready: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly dead: number;
  /** Milliseconds. */
  readonly oldestAge: number;
}

/** Reads the numbers of the groups that this node has used. */
export type MeasureGroups = () => Promise<readonly GroupNumbers[]>;

const LABELS = ['rule', 'group'] as const;

/** Adds the metrics of queues and consumer groups to a registry. */
export function addGroupMetrics(events: EventBus, registry: Registry, measure: MeasureGroups): void {
  countEvents(events, registry);
  let reading: Promise<readonly GroupNumbers[]> | undefined;
  // Each gauge is read by itself; they share one look at the engine.
  const read = () => {
    reading ??= measure()
      .catch(() => []) // the engine is away, which has a metric of its own
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const gauge = (name: string, help: string, value: (numbers: GroupNumbers) => number) =>
    new Gauge({
      ...{ name, help, labelNames: LABELS, registers: [registry] },
      aggregator: 'max', // workers share an engine, and report the same
      async collect() {
        const all = await read();
        this.reset();
        for (const { rule, group, ...numbers } of all) this.set({ rule, group }, value({ rule, group, ...numbers }));
      },
    });
  gauge('sluice_group_ready', 'Messages that wait for a consumer, by rule and group', ({ ready }) => ready);
  gauge('sluice_group_in_flight', 'Messages at consumers, by rule and group', ({ inFlight }) => inFlight);
  gauge(
    'sluice_group_delayed',
    'Messages that wait for the end of a backoff, by rule and group',
    ({ delayed }) => delayed,
  );
  gauge('sluice_group_dead', "Dead letters in the groups' lists, by rule and group", ({ dead }) => dead);
  gauge(
    'sluice_group_oldest_seconds',
    'Age of the oldest message that is not settled, by rule and group',
    ({ oldestAge }) => oldestAge / 1000,
  );
}

function countEvents(events: EventBus, registry: Registry): void {
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const consumers = new Gauge({
    ...{ name: 'sluice_consumers', help: 'Consumers of groups on this node', registers: [registry] },
  });
  events.on('consumerStarted', () => consumers.inc());
  events.on('consumerStopped', () => consumers.dec());
  const deliveries = counter('sluice_deliveries_total', 'Messages delivered to consumers of groups');
  const repeated = counter('sluice_redeliveries_total', 'Deliveries of messages that had been delivered before');
  events.on('deliveriesSent', (event) => {
    deliveries.inc(event.count);
    repeated.inc(event.repeated);
  });
  const settled = counter('sluice_settled_total', 'Deliveries that consumers have settled or extended, by outcome', [
    'outcome',
  ]);
  const expired = counter('sluice_deliveries_expired_total', 'Deliveries that were settled too late');
  events.on('settled', (event) => {
    settled.inc({ outcome: event.outcome }, event.count);
    expired.inc(event.expired);
  });
  const overdue = counter(
    'sluice_group_expired_total',
    'Messages that expired before a group delivered them, by outcome',
    ['outcome'],
  );
  events.on('messagesExpired', ({ count, dropped }) => {
    overdue.inc({ outcome: 'dead_letter' }, count - dropped);
    overdue.inc({ outcome: 'dropped' }, dropped);
  });
  const gaps = counter('sluice_group_gaps_total', 'Gaps: a log lost messages that a group had not settled', ['reason']);
  events.on('groupGap', ({ reason }) => gaps.inc({ reason }));
  const refused = counter('sluice_dead_letters_refused_total', 'Attempts to publish dead letters that were refused');
  events.on('deadLettersRefused', () => refused.inc());
  events.on('deadLetterRefused', () => refused.inc());
}
