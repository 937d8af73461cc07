import { type Draft, type ScheduleResult, toDraft } from '@sluice/protocol';
import { type Identity, isBackend } from '../auth/identity.ts';
import type { Door } from '../channels/door.ts';
import type { PublishRequest } from '../channels/publication.ts';
import { scopeOf } from '../channels/publisher-scope.ts';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import type { Rules } from '../channels/rules.ts';
import type { Log } from '../engine/engine.ts';
import type { LoggedMessage } from '../engine/logged-message.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import type { Clock } from '../util/clock.ts';
import { acceptOnce } from './accept-once.ts';
import { DuePublisher } from './due-publisher.ts';
import { PendingMessages } from './pending-messages.ts';
import { Recurring } from './recurring.ts';
import { CreatedSchedules, RecurringProgress } from './recurring-definitions.ts';
import { ScheduleLog } from './schedule-log.ts';
import type { ScheduledMessage } from './schedule-record.ts';
import { WaitingLimit } from './waiting-limit.ts';
import { listWaiting, type WaitingOptions, type WaitingPage } from './waiting-list.ts';

/** When a message is due: after a delay in milliseconds, or at a time in ms since the Unix epoch. */
export interface DueTime {
  readonly delay?: number | undefined;
  readonly at?: number | undefined;
}

export interface SchedulesParts {
  readonly log: Log;
  readonly door: Door;
  readonly rules: Rules;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly nextId: () => string;
  /** Entries that the log of schedules keeps. Tests choose fewer. */
  readonly mostEntries?: number;
}

/**
 * Messages that are published later. SPEC.md section 13.
 *
 * They wait in a log of their own, which every engine stores as it stores channels. Each node reads
 * it and publishes what is due, with an idempotency key: so a message is published once, by
 * whichever node is there.
 */
export class Schedules {
  readonly #parts: SchedulesParts;
  readonly #pending: PendingMessages;
  readonly #log: ScheduleLog;
  readonly #due: DuePublisher;
  readonly #limit: WaitingLimit;
  readonly #run: string;
  /** Recurring messages. */
  readonly recurring: Recurring;
  #starting: Promise<void> | undefined;

  constructor(parts: SchedulesParts) {
    const { rules, events, nextId } = parts;
    this.#parts = parts;
    this.#run = nextId();
    this.#pending = new PendingMessages((channel) => rules.match(channel)?.rule.pattern.source);
    const created = new CreatedSchedules();
    const progress = new RecurringProgress();
    this.#log = new ScheduleLog({
      ...parts,
      views: [this.#pending, created, progress],
      changed: () => this.#changed(),
      fault: (error) => events.emit('fault', { where: 'schedules', error }),
    });
    const copies = () => parts.log.copies === true;
    const shared = { ...parts, log: this.#log, run: this.#run, copies };
    this.#limit = new WaitingLimit({ log: this.#log, pending: this.#pending });
    this.#due = new DuePublisher({ ...shared, pending: this.#pending });
    this.recurring = new Recurring({ ...shared, created, progress });
  }

  #changed(): void {
    this.#due.arm();
    this.recurring.refresh();
  }

  /** Number of waiting messages that this node knows. */
  get size(): number {
    return this.#pending.size;
  }

  /** Reads what waits. Call it if a rule or the configuration allows schedules, before messages are accepted. */
  start(): Promise<void> {
    this.#starting ??= this.#log.start().catch((error: unknown) => {
      this.#starting = undefined; // the start may be repeated
      throw error;
    });
    return this.#starting;
  }

  close(): void {
    this.#log.close();
    this.#due.close();
    this.recurring.close();
  }

  /** The wall clock was set: messages are due sooner, or later. */
  reckon(): void {
    this.#due.arm();
    this.recurring.reckon();
  }

  /** An entry was appended to the log, by this node or another. */
  take(epoch: string, message: LoggedMessage): void {
    this.#log.take(epoch, message);
  }

  /** Entries of the log may have been missed. */
  interrupted(): void {
    this.#log.interrupted();
  }

  /** Accepts a message that is published when it is due, by the rules that are in force then. */
  async schedule(request: PublishRequest, due: DueTime): Promise<ScheduleResult | Refusal> {
    const { door, clock } = this.#parts;
    const publication = await door.prepare(request);
    if (publication instanceof Refusal) return publication;
    const { rule, channel } = publication;
    const now = clock.now();
    const at = due.at ?? now + (due.delay ?? 0);
    const refusal = this.#refuse(rule, channel, { at, now });
    const { by } = request;
    const draft = publication.rewritten ?? toDraft(request.draft);
    // All channels share the log of schedules; a channel name has no space.
    const key = draft.key === undefined ? undefined : `${channel} ${scopeOf(by)} ${draft.key}`;
    try {
      const record = this.#recordOf(draft, { at, channel, by });
      const append = (one: ScheduledMessage, name: string | undefined) =>
        this.#limit.append(one, name, { pattern: rule.pattern.source, max: rule.schedule?.max ?? 0 });
      const accepted = await acceptOnce(this.#log, { record, key, refusal, append });
      if (accepted instanceof Refusal) return accepted;
      const first = accepted.isRepeat ? await this.#log.recordAt(accepted) : undefined;
      return { id: accepted.id, at: first?.kind === 'scheduled' ? first.at : at };
    } catch (error) {
      return refuseUnavailable(error);
    }
  }

  #refuse({ pattern, schedule }: Rule, channel: string, { at, now }: { at: number; now: number }): Refusal | null {
    if (schedule === null) {
      return new Refusal(
        'command_invalid',
        `the rule "${pattern.source}" has no "schedule". Add it to publish later on "${channel}"`,
      );
    }
    if (at < now) return new Refusal('command_invalid', '"at" is in the past; it is milliseconds since the Unix epoch');
    if (at > now + schedule.maxDelay) {
      return new Refusal(
        'command_invalid',
        `a message on "${channel}" may be delayed by at most ${schedule.maxDelay} ms`,
      );
    }
    return null;
  }

  #recordOf(
    { key: _key, if: _if, ...content }: Draft,
    { at, channel, by }: { at: number; channel: string; by: Identity },
  ): ScheduledMessage {
    return {
      ...{ kind: 'scheduled', at, channel, run: this.#run, ...content },
      ...(by.user === null ? undefined : { user: by.user }),
    };
  }

  /** Withdraws a message. The caller may publish on the channel. */
  async unschedule(channel: string, id: string, by: Identity): Promise<Refusal | null> {
    try {
      // Another node may have accepted it a moment ago.
      if (this.#pending.get(id) === undefined) await this.#log.catchUp();
      if (!this.#mayWithdraw(channel, id, by)) return notScheduled(id, channel);
      await this.#log.settle(id, { withdrawn: true });
      return null;
    } catch (error) {
      return refuseUnavailable(error);
    }
  }

  #mayWithdraw(channel: string, id: string, by: Identity): boolean {
    const pending = this.#pending.get(id);
    if (pending?.channel !== channel) return false;
    return by.user === null ? isBackend(by) : pending.user === by.user;
  }

  /** The messages that wait on a channel, those of everyone. The caller may see them. */
  async list(channel: string, options: WaitingOptions): Promise<WaitingPage | Refusal> {
    try {
      return await listWaiting({ log: this.#log, pending: this.#pending }, channel, options);
    } catch (error) {
      return refuseUnavailable(error);
    }
  }
}

const notScheduled = (id: string, channel: string): Refusal =>
  new Refusal(
    'not_scheduled',
    `no message "${id.slice(0, 60).replace(/[^\x20-\x7e]|["\\]/g, '?')}" of yours waits on "${channel}"`,
  );
