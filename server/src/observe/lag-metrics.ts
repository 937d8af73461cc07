import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, Histogram, type Registry } from 'prom-client';
import type { EventBus } from '../events.ts';
import type { Clock } from '../util/clock.ts';

export interface LagSources {
  /** Default: delivery lag is not measured. */
  readonly clock?: Clock;
  /** Messages that the slowest cursor of each rule is behind. */
  readonly cursorLag?: () => ReadonlyMap<string, number>;
  /** Seconds that the event loop was late since the last call. Default: not measured. */
  readonly loopLag?: () => LoopLag;
}

export interface LoopLag {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

/** Milliseconds between two measurements of the delivery lag: reading a time stamp may parse a message. */
const SAMPLE = 50;

/** Adds the metrics of what is late: the event loop, deliveries, and cursors. */
export function addLagMetrics(events: EventBus, registry: Registry, sources: LagSources): void {
  addDeliveryLag(events, registry, sources);
  const { cursorLag = () => new Map<string, number>(), loopLag } = sources;
  new Gauge({
    name: 'sluice_cursor_lag_messages',
    help: 'Messages that the slowest replaying cursor of this node is behind, by rule; absent if none is behind',
    labelNames: ['rule'],
    aggregator: 'max',
    registers: [registry],
    collect() {
      this.reset();
      for (const [rule, lag] of cursorLag()) this.set({ rule }, lag);
    },
  });
  new Gauge({
    name: 'sluice_event_loop_lag_seconds',
    help: 'How late timers of the process were since the last scrape: quantiles 0.5 and 0.99, and the maximum (1)',
    labelNames: ['quantile'],
    aggregator: 'max',
    registers: [registry],
    collect() {
      if (loopLag === undefined) return;
      const { median, p99, max } = loopLag();
      this.set({ quantile: '0.5' }, median);
      this.set({ quantile: '0.99' }, p99);
      this.set({ quantile: '1' }, max);
    },
  });
}

function addDeliveryLag(events: EventBus, registry: Registry, { clock }: LagSources): void {
  const lag = new Histogram({
    name: 'sluice_delivery_lag_seconds',
    help: 'From the time stamp of a message to its fan-out to sockets, by rule; at most 20 samples per second. The clocks of nodes must agree',
    labelNames: ['rule'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers: [registry],
  });
  if (clock === undefined) return;
  let next = 0;
  events.on('delivered', ({ rule = '', oldest }) => {
    const now = clock.monotonic();
    if (oldest === undefined || now < next) return;
    next = now + SAMPLE;
    lag.observe({ rule }, Math.max(0, clock.now() - oldest.message.time) / 1000);
  });
}

/** Milliseconds between two timers by which the event loop is measured. */
const RESOLUTION = 20;

/** Measures the event loop of this process until it is stopped. */
export class LoopWatch {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION });

  start(): void {
    this.#histogram.enable();
  }

  /** The lag since the last call. */
  read(): LoopLag {
    const late = (nanoseconds: number) =>
      Math.max(0, (Number.isFinite(nanoseconds) ? nanoseconds : 0) / 1e6 - RESOLUTION);
    const { count, max } = this.#histogram;
    if (count === 0) return { median: 0, p99: 0, max: 0 };
    const seconds = (quantile: number) => late(this.#histogram.percentile(quantile)) / 1000;
    const lag = { median: seconds(50), p99: seconds(99), max: late(max) / 1000 };
    this.#histogram.reset();
    return lag;
  }

  stop(): void {
    this.#histogram.disable();
  }
}
