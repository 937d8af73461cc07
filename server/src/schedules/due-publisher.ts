import { EngineUnavailable } from '../engine/engine.ts';
import type { Timer } from '../util/clock.ts';
import type { PendingMessage, PendingMessages } from './pending-messages.ts';
import { type LatePublish, type LatePublishParts, publishAllLate } from './publish-late.ts';
import { REMEMBERED, type ScheduleLog } from './schedule-log.ts';
import { contentOf, type ScheduledMessage } from './schedule-record.ts';

export interface DuePublisherParts extends LatePublishParts {
  readonly log: ScheduleLog;
  readonly pending: PendingMessages;
  /** This run of the gateway. */
  readonly run: string;
}

/** Milliseconds by which other nodes are later than the one that accepted a message: they publish it if it has gone. */
export const STAGGER = 250;
/** Milliseconds until a publish that was refused for now is tried again. */
export const RETRY = 1_000;
/** Messages that are published together, and are in memory meanwhile. */
const BATCH = 64;

/** A message that is due, and what the log has of it. */
interface DueMessage {
  readonly pending: PendingMessage;
  readonly record: ScheduledMessage;
}

/** Publishes scheduled messages when they are due: batch by batch, in the order of their times. */
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
      for (let due = this.#takeDue(); due.length > 0; due = this.#takeDue()) await this.#publishAll(due);
    } catch (error) {
      retryIn = RETRY;
      if (!(error instanceof EngineUnavailable)) this.#fault(error);
    } finally {
      this.#isPublishing = false;
    }
    this.arm(retryIn);
  }

  /** The first ones of which it is this node's turn. */
  #takeDue(): readonly PendingMessage[] {
    const { pending, log, clock } = this.#parts;
    const now = clock.now();
    return pending.take((first) => log.isRunning && this.#turnOf(first) <= now, BATCH);
  }

  /** What fails is tried again: the keys of the messages say what was published already. */
  async #publishAll(due: readonly PendingMessage[]): Promise<void> {
    const { pending } = this.#parts;
    const ready = due.filter((one) => !this.#waits(one));
    try {
      await this.#settle(await this.#publishReady(ready));
    } finally {
      for (const one of ready) pending.putBack(one);
    }
  }

  /** @returns those that are over */
  async #publishReady(ready: readonly PendingMessage[]): Promise<readonly PendingMessage[]> {
    const { log, clock } = this.#parts;
    const records = await Promise.all(ready.map((one) => log.recordAt(one)));
    const found: DueMessage[] = [];
    const over: PendingMessage[] = [];
    for (const [at, pending] of ready.entries()) {
      const record = records[at];
      if (record?.kind === 'scheduled') found.push({ pending, record });
      else {
        this.#fault(new Error(`a scheduled message on "${pending.channel}" was lost from the log`));
        over.push(pending);
      }
    }
    const areOver = await publishAllLate(this.#parts, found.map(toPublish));
    const later = clock.now() + RETRY;
    for (const [at, { pending }] of found.entries()) {
      if (areOver[at] === true) over.push(pending);
      else this.#postpone(pending, later);
    }
    return over;
  }

  async #settle(over: readonly PendingMessage[]): Promise<void> {
    const settled = await Promise.allSettled(over.map(({ id }) => this.#parts.log.settle(id)));
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
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

function toPublish({ pending: { id, channel }, record }: DueMessage): LatePublish {
  const { user, at } = record;
  return { kind: 'once', at, channel, user, content: contentOf(record), key: `scheduled ${id}`, window: REMEMBERED };
}
