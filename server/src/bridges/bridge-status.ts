import type { BridgeConfig } from '../bridge.ts';
import type { BridgeOutcome, BridgeState } from './bridge-host.ts';

/** What this node knows about a bridge, for an operator. */
export interface BridgeStatus {
  readonly name: string;
  readonly system: string;
  readonly direction: 'in' | 'out';
  readonly state: BridgeState;
  /** Of the latest failure, even if it is over. */
  readonly error: string | null;
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
  readonly counts: Partial<Record<BridgeOutcome, number>> = {};

  constructor(config: BridgeConfig) {
    this.config = config;
  }

  count(outcome: BridgeOutcome, count: number): void {
    this.counts[outcome] = (this.counts[outcome] ?? 0) + count;
  }

  status(lag: number | null): BridgeStatus {
    const { name, system, direction } = this.config;
    return { name, system, direction, state: this.state, error: this.error, counts: { ...this.counts }, lag };
  }
}
