import { gauges, lastingPart, type Snapshot, sumOf, textOf } from '../observe/metrics-sum.ts';

/**
 * The metrics of the machine: the sum over its workers.
 *
 * The last counters of a worker that has ended stay in the sum, so that no counter decreases.
 * Prometheus would treat that as a restart and count everything twice.
 */
export class WorkerMetrics {
  readonly #latest = new Map<string, Snapshot>();
  #past: Promise<Snapshot> = Promise.resolve([]);
  #replaced = 0;

  /** Stores the latest snapshot of a worker. */
  note(worker: string, snapshot: Snapshot): void {
    this.#latest.set(worker, snapshot);
  }

  /** Called when a worker has ended. */
  gone(worker: string): void {
    const last = this.#latest.get(worker);
    this.#latest.delete(worker);
    if (last !== undefined) this.#past = this.#past.then((past) => sumOf([past, lastingPart(last)]));
  }

  /** Called when an ended worker is replaced. */
  replaced(): void {
    this.#replaced++;
  }

  /** The sum in Prometheus' text format. */
  async text({ running }: { running: number }): Promise<string> {
    const own = await gauges({
      sluice_workers: { help: 'Workers of this machine that are ready', value: running },
      sluice_workers_replaced: {
        help: 'Processes that ended and were replaced since the start',
        value: this.#replaced,
      },
    });
    return textOf([await this.#past, ...this.#latest.values(), own]);
  }
}
