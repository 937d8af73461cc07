import { CLIENT_RETRY } from '../channels/budgets.ts';
import { Refusal } from '../refusal.ts';
import type { PendingMessages } from './pending-messages.ts';
import type { Logged, ScheduleLog } from './schedule-log.ts';
import type { ScheduledMessage } from './schedule-record.ts';

/** Messages of all rules that may wait. */
const MOST_PENDING = 50_000;
/** Messages below a limit from which on each is counted before it is accepted. */
export const NEAR = 320;
/** Messages that a node appends at the same time without counting: other nodes do not know of them yet. */
export const MOST_UNSEEN = 32;
/** How often a message is counted again because others were accepted at the same time. */
const ATTEMPTS = 100;

export interface WaitingLimitParts {
  readonly log: Pick<ScheduleLog, 'append' | 'appendIfRead' | 'catchUp'>;
  readonly pending: Pick<PendingMessages, 'countOf' | 'size'>;
}

/** How many messages of a rule may wait. */
export interface RuleLimit {
  readonly pattern: string;
  readonly max: number;
}

/**
 * Accepts messages as long as no more wait than may, on all nodes together. Near the limit a message is
 * appended only if this node has read everything before it, and so counts exactly. Far from it, nodes do
 * not wait for each other.
 */
export class WaitingLimit {
  readonly #parts: WaitingLimitParts;
  /** Appends that were not counted, and have no answer yet. */
  #unseen = 0;
  /** Those that wait until there are fewer. */
  readonly #line: (() => void)[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: WaitingLimitParts) {
    this.#parts = parts;
  }

  /**
   * @param key a repeat is answered like the first time, if fewer wait than may
   * @throws EngineUnavailable
   */
  async append(record: ScheduledMessage, key: string | undefined, limit: RuleLimit): Promise<Logged | Refusal> {
    if (this.#isNear(limit)) return this.#inTurn(() => this.#appendCounted(record, key, limit));
    if (this.#unseen < MOST_UNSEEN) this.#unseen++;
    else await new Promise<void>((resolve) => this.#line.push(resolve));
    try {
      if (!this.#isNear(limit)) return await this.#parts.log.append(record, key);
    } finally {
      this.#release();
    }
    return this.#inTurn(() => this.#appendCounted(record, key, limit));
  }

  /** The next one in the line gets the place. */
  #release(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#unseen--;
    else next();
  }

  #isNear({ pattern, max }: RuleLimit): boolean {
    const { pending } = this.#parts;
    return pending.countOf(pattern) + NEAR > max || pending.size + NEAR > MOST_PENDING;
  }

  /** One after the other: those of this node need not compete. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {}); // reported to the caller
    return done;
  }

  async #appendCounted(record: ScheduledMessage, key: string | undefined, limit: RuleLimit): Promise<Logged | Refusal> {
    const { log } = this.#parts;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const refusal = this.#refuse(limit);
      if (refusal !== null) return refusal;
      const logged = await log.appendIfRead(record, key);
      if (logged !== undefined) return logged;
      await log.catchUp();
    }
    return new Refusal('unavailable', 'other messages are scheduled at the same time', CLIENT_RETRY);
  }

  #refuse({ pattern, max }: RuleLimit): Refusal | null {
    const { pending } = this.#parts;
    const count = pending.countOf(pattern);
    if (count < max && pending.size < MOST_PENDING) return null;
    return new Refusal('too_many_scheduled', `${count} messages of "${pattern}" wait`, CLIENT_RETRY);
  }
}
