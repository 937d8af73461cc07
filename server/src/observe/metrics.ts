import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EventBus } from '../events.ts';
import { addBridgeMetrics } from './bridge-metrics.ts';
import { addBuildInfo } from './build-metrics.ts';
import { closeLabel } from './close-label.ts';
import { addGroupMetrics, type MeasureGroups } from './group-metrics.ts';
import { addHookMetrics, type HookNumbers } from './hook-metrics.ts';
import { addLagMetrics, type LagSources } from './lag-metrics.ts';
import type { Snapshot } from './metrics-sum.ts';
import { addScheduleMetrics, type ScheduleSources } from './schedule-metrics.ts';
import { type Totals, totalsOf } from './totals.ts';
import { addWebhookMetrics, type WebhookNumbers } from './webhook-metrics.ts';

export interface MetricsSources extends ScheduleSources, LagSources {
  /** Name of the engine. */
  readonly engine?: string;
  /** Channels with cursors on this node. */
  readonly channels: () => number;
  /** Requests that have not ended. */
  readonly requests?: () => number;
  /** Registrations of responders. */
  readonly responders?: () => number;
  /** Distinct filters of subscriptions on this node, summed over channels. */
  readonly filters?: () => number;
  /** The numbers of consumer groups that this node has used. */
  readonly groups?: MeasureGroups;
  /** The hooks of this node. */
  readonly hooks?: () => readonly HookNumbers[];
  /** What the endpoints of webhooks have not received. */
  readonly webhooks?: () => Promise<readonly WebhookNumbers[]>;
  /** WebSockets that were refused, and whose peers may not have closed yet. */
  readonly refused?: () => number;
  /** File descriptors of this process; undefined if the system does not report them. */
  readonly descriptors?: () => { readonly open: number; readonly limit: number } | undefined;
}

const ruleLabel = (rule: string | undefined): { rule?: string } => (rule === undefined ? {} : { rule });

/** Counts the gateway's events for Prometheus. */
export class Metrics {
  readonly #registry = new Registry();
  readonly contentType = this.#registry.contentType;

  constructor(events: EventBus, sources: MetricsSources) {
    this.#connections(events);
    this.#refused(sources);
    this.#descriptors(sources);
    this.#subscriptions(events, sources);
    this.#messages(events);
    this.#requests(events, sources);
    this.#troubles(events);
    addBuildInfo(this.#registry, sources.engine);
    addLagMetrics(events, this.#registry, sources);
    addScheduleMetrics(events, this.#registry, sources);
    addHookMetrics(events, this.#registry, sources.hooks ?? (() => []));
    addWebhookMetrics(events, this.#registry, sources.webhooks ?? (async () => []));
    addBridgeMetrics(events, this.#registry);
    addGroupMetrics(events, this.#registry, sources.groups ?? (async () => []));
  }

  /** All metrics in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** All metrics as plain data, which `sumOf` adds to those of other processes. */
  snapshot(): Promise<Snapshot> {
    return this.#registry.getMetricsAsJSON() as Promise<Snapshot>;
  }

  /** Sums of counters for the status of a node: they are read at once, whatever the gauges wait for. */
  totals(): Promise<Totals> {
    return totalsOf(this.#registry);
  }

  #connections(events: EventBus): void {
    const open = this.#gauge('sluice_connections', 'Open connections');
    const opened = this.#counter('sluice_connections_opened_total', 'Connections opened since the start');
    const closed = this.#labelled(
      'sluice_connections_closed_total',
      'Connections closed, by close code; `other`: a code that a client made up',
      ['code'],
    );
    events.on('connectionOpened', () => {
      open.inc();
      opened.inc();
    });
    events.on('connectionClosed', ({ code }) => {
      open.dec();
      closed.inc({ code: closeLabel(code) });
    });
  }

  #refused({ refused = () => 0 }: MetricsSources): void {
    new Gauge({
      name: 'sluice_connections_refused',
      help: 'WebSockets refused in the last 20 s, whose peers may not have closed yet; at most 4096 per process',
      registers: [this.#registry],
      collect() {
        this.set(refused());
      },
    });
  }

  #descriptors({ descriptors = () => undefined }: MetricsSources): void {
    const gauge = (name: string, help: string, value: () => number | undefined) =>
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect() {
          const now = value();
          if (now === undefined) this.remove();
          else this.set(now);
        },
      });
    gauge('sluice_file_descriptors', 'Open files and sockets of the process (Linux)', () => descriptors()?.open);
    gauge('sluice_file_descriptors_limit', 'How many may be open: ulimit -n (Linux)', () => descriptors()?.limit);
  }

  #subscriptions(events: EventBus, { channels, filters = () => 0 }: MetricsSources): void {
    const open = this.#gauge('sluice_subscriptions', 'Open subscriptions');
    events.on('subscribed', () => open.inc());
    events.on('unsubscribed', () => open.dec());
    new Gauge({
      name: 'sluice_channels',
      help: 'Channels with subscriptions on this node',
      registers: [this.#registry],
      collect() {
        this.set(channels());
      },
    });
    new Gauge({
      name: 'sluice_filters',
      help: 'Distinct filters of subscriptions on this node, summed over its channels',
      registers: [this.#registry],
      collect() {
        this.set(filters());
      },
    });
  }

  #messages(events: EventBus): void {
    const messagesIn = this.#tally('sluice_messages_in_total', 'Messages published, by rule');
    const latency = new Histogram({
      name: 'sluice_publish_latency_seconds',
      help: 'Time until the engine acknowledged a publish, by rule. The memory engine answers at once and is not timed',
      labelNames: ['rule'],
      buckets: [0.000_01, 0.000_1, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5],
      registers: [this.#registry],
    });
    const messagesOut = this.#tally('sluice_messages_out_total', 'Messages sent, counted per connection, by rule');
    const bytesOut = this.#tally('sluice_fanout_bytes_total', 'Bytes of frames fanned out, counted per connection');
    const replayed = this.#counter('sluice_messages_replayed_total', 'Messages sent from the log to replaying cursors');
    const copies = this.#tally('sluice_messages_copied_total', 'Messages that were also appended to bound channels');
    events.on('copied', () => copies(undefined, 1));
    events.on('published', (event) => {
      messagesIn(event.rule, 1);
      if (event.waited !== undefined) latency.observe(ruleLabel(event.rule), event.waited / 1000);
    });
    events.on('delivered', ({ rule, deliveries, bytes }) => {
      messagesOut(rule, deliveries);
      bytesOut(undefined, bytes);
    });
    const replayedBytes = this.#counter('sluice_replayed_bytes_total', 'Bytes of frames sent to replaying cursors');
    const turns = this.#labelled(
      'sluice_replay_turns_total',
      'Cursors that turned to replaying, by rule and cause: where they start, a slow reader, a hole in the feed, another filter',
      ['rule', 'cause'],
    );
    events.on('replaying', ({ cause, rule }) => turns.inc({ ...ruleLabel(rule), cause }));
    events.on('replayed', ({ rule, messages, bytes }) => {
      messagesOut(rule, messages);
      replayed.inc(messages);
      replayedBytes.inc(bytes);
    });
    events.on('gap', ({ rule, latest }) => messagesOut(rule, latest));
  }

  #requests(events: EventBus, { requests = () => 0, responders = () => 0 }: MetricsSources): void {
    this.#reading('sluice_requests_pending', 'Requests of this node that have not ended', requests);
    this.#reading('sluice_responders', 'Responders on this node', responders);
    const ended = this.#labelled(
      'sluice_requests_total',
      'Requests that have ended, by rule and outcome: `replied`, `abandoned` by its requester, or the name of the error',
      ['rule', 'outcome'],
    );
    const duration = new Histogram({
      name: 'sluice_request_duration_seconds',
      help: 'Time from a request to its end, by rule',
      labelNames: ['rule'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60],
      registers: [this.#registry],
    });
    events.on('requested', (event) => {
      ended.inc({ rule: event.rule, outcome: event.outcome });
      duration.observe({ rule: event.rule }, event.duration / 1000);
    });
  }

  #troubles(events: EventBus): void {
    const presence = this.#counter(
      'sluice_presence_bytes_total',
      'Bytes of lists and changes of members, counted per connection',
    );
    events.on('presenceSent', ({ bytes }) => presence.inc(bytes));
    const overflows = this.#counter('sluice_overflows_total', 'Connections whose buffer passed its limit');
    const gaps = this.#labelled(
      'sluice_gaps_total',
      "Gaps reported to subscribers, by rule, reason and the rule's policy",
      ['rule', 'reason', 'policy'],
    );
    const errors = this.#labelled('sluice_errors_total', 'Errors answered, by name', ['name']);
    const faults = this.#counter('sluice_faults_total', 'Mistakes of the gateway itself; see the log');
    events.on('overflowed', () => overflows.inc());
    events.on('gap', ({ rule, reason, policy }) => gaps.inc({ ...labelsOf(rule), reason, policy }));
    events.on('refused', ({ error }) => errors.inc({ name: error }));
    events.on('rejected', ({ error }) => errors.inc({ name: error }));
    events.on('fault', () => faults.inc());
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] });
  }

  /** A gauge whose value is read when the metrics are. */
  #reading(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.#registry] });
  }

  /**
   * A counter for every message: it adds up numbers by rule, and updates the metric when it is read.
   * Without a rule, it has no label.
   */
  #tally(name: string, help: string): (rule: string | undefined, count: number) => void {
    const pending = new Map<string | undefined, number>();
    new Counter({
      name,
      help,
      labelNames: ['rule'],
      registers: [this.#registry],
      collect() {
        for (const [rule, count] of pending) this.inc(labelsOf(rule), count);
        pending.clear();
      },
    });
    return (rule, count) => {
      pending.set(rule, (pending.get(rule) ?? 0) + count);
    };
  }

  #labelled<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }
}

const labelsOf = (rule: string | undefined): { rule?: string } => (rule === undefined ? {} : { rule });
