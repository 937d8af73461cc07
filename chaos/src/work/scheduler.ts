import type { Dice } from '../dice.ts';
import { pause } from '../until.ts';
import { type BackendApi, errorOf } from './backend-api.ts';
import { LATER } from './rules.ts';
import type { ScheduleLedger } from './schedule-ledger.ts';

export interface SchedulerOptions {
  readonly api: BackendApi;
  readonly ledger: ScheduleLedger;
  readonly dice: Dice;
  readonly onFault: (text: string) => void;
}

/** Milliseconds until the next attempt while no node answers. */
const RETRY = 250;
/** Part of the messages that are withdrawn. */
const WITHDRAWN = 0.25;

/** A backend that schedules messages, and withdraws some of them. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  /** Messages that no node has accepted yet. */
  pending = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Schedules a message with one idempotency key until it is accepted. */
  async schedule(n: number): Promise<void> {
    const { api, ledger, dice, onFault } = this.#options;
    this.pending++;
    const delay = dice.whole(200, 4_000);
    const isWithdrawn = dice.next() < WITHDRAWN;
    ledger.scheduling(n);
    for (;;) {
      const answer = await api.call('POST', 'schedule', {
        channel: LATER,
        data: { n, by: 'scheduler' },
        delay,
        key: `${n}`,
      });
      if (answer?.status === 200) {
        const { id, at } = answer.body as { id: string; at: number };
        ledger.accepted(n, at);
        if (isWithdrawn) await this.#withdraw(n, id);
        break;
      }
      if (answer !== undefined && answer.status !== 503) {
        onFault(`schedule ${n} was answered with ${answer.status} ${errorOf(answer)}`);
        break;
      }
      await pause(RETRY);
    }
    this.pending--;
  }

  async #withdraw(n: number, message: string): Promise<void> {
    const { api, ledger, onFault } = this.#options;
    ledger.withdrawing(n);
    const answer = await api.call('POST', 'unschedule', { channel: LATER, message });
    if (answer?.status === 200) ledger.withdrawn(n, true);
    else if (answer !== undefined && errorOf(answer) === 'not_scheduled') ledger.withdrawn(n, false);
    else if (answer !== undefined && answer.status !== 503)
      onFault(`unschedule ${n} was answered with ${answer.status} ${errorOf(answer)}`);
  }
}
