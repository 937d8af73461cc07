import type { Door } from '../channels/door.ts';
import type { Rules } from '../channels/rules.ts';
import { EngineUnavailable } from '../engine/engine.ts';
import type { EventBus } from '../events.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { PendingMessage, PendingMessages } from './pending-messages.ts';
import { publishLate } from './publish-late.ts';
import { REMEMBERED, type ScheduleLog } from './schedule-log.ts';
import { contentOf } from './schedule-record.ts';

export interface DuePublisherParts {
  readonly log: ScheduleLog;
  readonly pending: PendingMessages;
  readonly door: Door;
  readonly rules: Rules;
  readonly events: EventBus;
  readonly clock: Clock;
  /** This run of the gateway. */
  readonly run: string;
}

/** Milliseconds by which other nodes are later than the one that accepted a message: they publish it if it has gone. */
export const STAGGER = 250;
/** Milliseconds until a publish that was refused for now is tried again. */
export const RETRY = 1_000;

/** Publishes scheduled messages when they are due: one after the other, in the order of their times. */
export class DuePublisher {
  readonly #parts: DuePublisherParts;
  /** Until when channels refuse messages for now. */
  readonly #blocked = new Map<string, number>();
  #timer: Timer | undefined;
  #isPublishing = false;

  constructor(parts: DuePublisherParts) {
    this.#parts = parts;
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** Another message may be the first, or the wall clock was set. */
  arm(retryIn = 0): void {
    const { pending, log, clock } = this.#parts;
    this.#timer?.cancel();
    const first = pending.first();
    if (first === undefined || !log.isRunning) return;
    const wait = Math.max(retryIn, this.#turnOf(first) - clock.now());
    this.#timer = clock.after(Math.max(0, wait), () => void this.#publishDue());
  }

  /** When this node publishes it. */
  #turnOf({ due, run }: PendingMessage): number {
    return run === this.#parts.run ? due : due + STAGGER;
  }

  async #publishDue(): Promise<void> {
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    let retryIn = 0;
    try {
      for (let first = this.#next(); first !== undefined; first = this.#next()) await this.#publish(first);
    } catch (error) {
      retryIn = RETRY;
      if (!(error instanceof EngineUnavailable)) this.#fault(error);
    } finally {
      this.#isPublishing = false;
    }
    this.arm(retryIn);
  }

  #next(): PendingMessage | undefined {
    const { pending, log, clock } = this.#parts;
    const first = pending.first();
    return first !== undefined && log.isRunning && this.#turnOf(first) <= clock.now() ? first : undefined;
  }

  async #publish(pending: PendingMessage): Promise<void> {
    const { id, channel } = pending;
    if (this.#waits(pending)) return;
    const record = await this.#parts.log.recordAt(pending);
    if (record?.kind === 'scheduled') {
      const { user, at } = record;
      const content = contentOf(record);
      const publish = { kind: 'once', at, channel, user, content, key: `scheduled ${id}`, window: REMEMBERED } as const;
      if (!(await publishLate(this.#parts, publish))) {
        this.#postpone(pending, this.#parts.clock.now() + RETRY);
        return;
      }
    } else {
      this.#fault(new Error(`a scheduled message on "${channel}" was lost from the log`));
    }
    await this.#parts.log.settle(id);
  }

  /** Must it wait, because messages of its channel before it do? */
  #waits(pending: PendingMessage): boolean {
    const { channel } = pending;
    const until = this.#blocked.get(channel) ?? 0;
    if (until <= this.#parts.clock.now()) {
      this.#blocked.delete(channel);
      return false;
    }
    this.#postpone(pending, until);
    return true;
  }

  /** One channel that refuses messages for now, such as a full queue, does not delay the others. */
  #postpone(pending: PendingMessage, until: number): void {
    this.#blocked.set(pending.channel, until);
    this.#parts.pending.postpone(pending, until);
  }

  #fault(error: unknown): void {
    this.#parts.events.emit('fault', { where: 'schedules', error });
  }
}
