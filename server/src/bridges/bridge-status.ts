import type { BridgeConfig } from '../bridge.ts';
import type { BridgeOutcome, BridgeState } from './bridge-host.ts';

/** What this node knows about a bridge, for an operator. */
export interface BridgeStatus {
  readonly name: string;
  readonly system: string;
  readonly direction: 'in' | 'out';
  /** The channel that is read, or published to: a template, if the bridge reads from the broker; empty, if its messages name their channels. */
  readonly channel: string;
  readonly state: BridgeState;
  /** Of the latest failure, until the bridge runs again, or of the latest loss of messages; `null`: there is none. */
  readonly error: string | null;
  /** When it happened: milliseconds since the Unix epoch. */
  readonly errorTime: number | null;
  /** Messages since this node started, by what happened to them. */
  readonly counts: Readonly<Partial<Record<BridgeOutcome, number>>>;
  /** Messages of the channel that were not sent yet; `null`: unknown, or the bridge reads. */
  readonly lag: number | null;
}

/** The state and the numbers of one bridge on this node. */
export class BridgeRecord {
  readonly config: BridgeConfig;
  state: BridgeState = 'standby';
  error: string | null = null;
  errorTime: number | null = null;
  readonly counts: Partial<Record<BridgeOutcome, number>> = {};
  #isOver = true;

  constructor(config: BridgeConfig) {
    this.config = config;
  }

  /** @param isOver is it over when the bridge runs again? */
  failed(error: string, time: number, isOver: boolean): void {
    this.error = error;
    this.errorTime = time;
    this.#isOver = isOver;
  }

  /** It runs, here or on another node. */
  recovered(): void {
    if (!this.#isOver) return;
    this.error = null;
    this.errorTime = null;
  }

  count(outcome: BridgeOutcome, count: number): void {
    this.counts[outcome] = (this.counts[outcome] ?? 0) + count;
  }

  status(lag: number | null): BridgeStatus {
    const { name, system, direction } = this.config;
    const { channel } = this.config.direction === 'in' ? this.config.to : this.config.from;
    const { state, error, errorTime } = this;
    return { name, system, direction, channel, state, error, errorTime, counts: { ...this.counts }, lag };
  }
}
