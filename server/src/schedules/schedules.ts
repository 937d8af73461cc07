import { type Draft, type Json, type ScheduleResult, toDraft } from '@sluice/protocol';
import { type Identity, PROGRAM } from '../auth/identity.ts';
import { CLIENT_RETRY } from '../channels/budgets.ts';
import type { Door } from '../channels/door.ts';
import type { PublishRequest } from '../channels/publication.ts';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import type { Rules } from '../channels/rules.ts';
import { type AppendOptions, EngineUnavailable, type Log } from '../engine/engine.ts';
import type { LoggedMessage } from '../engine/logged-message.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { type PendingMessage, PendingMessages } from './pending-messages.ts';
import { asJson, asRecord, SCHEDULES, type ScheduledMessage, type ScheduleRecord } from './schedule-record.ts';

/** When a message is due: in so many milliseconds, or at a time in ms since the Unix epoch. */
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
}

const HOUR = 3_600_000;
/** Messages of all rules that may wait. */
const MOST_PENDING = 50_000;
/** Entries of the log: messages that wait in its older half are written again, so that it never drops them. */
const MOST_ENTRIES = 200_000;
const RETENTION = { count: MOST_ENTRIES, age: 10_000 * HOUR };
const PAGE = 1_000;
/** Milliseconds by which other nodes are later than the one that accepted a message: they publish it if it has gone. */
const STAGGER = 250;
/** Milliseconds until a publish that was refused for now is tried again. */
const RETRY = 1_000;
/** Settled messages that are remembered, so that an entry that was written again meanwhile is ignored. */
const MOST_SETTLED = 10_000;

/**
 * Messages that are published later. SPEC.md section 12.
 *
 * They wait in a log of their own, which every engine stores as it stores channels. Each node reads
 * it and publishes what is due, with an idempotency key: so a message is published once, by
 * whichever node is there.
 */
export class Schedules {
  readonly #parts: SchedulesParts;
  readonly #pending = new PendingMessages();
  readonly #settled = new Set<string>();
  readonly #run: string;
  #epoch: string | undefined;
  #head = 0;
  #reading: Promise<void> | undefined;
  #isStale = false;
  #timer: Timer | undefined;
  #readingLater: Timer | undefined;
  #isPublishing = false;
  #state: 'idle' | 'running' | 'closed' = 'idle';

  constructor(parts: SchedulesParts) {
    this.#parts = parts;
    this.#run = parts.nextId();
  }

  /** Number of waiting messages that this node knows. */
  get size(): number {
    return this.#pending.size;
  }

  /** Reads what waits. Call it if a rule allows schedules, before messages are accepted. */
  async start(): Promise<void> {
    if (this.#state !== 'idle') return;
    this.#state = 'running';
    try {
      await this.#parts.log.watch(SCHEDULES);
      await this.#read();
    } catch (error) {
      this.#state = 'idle'; // the start may be repeated
      throw error;
    }
  }

  close(): void {
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#readingLater?.cancel();
  }

  /** The wall clock was set: messages are due sooner, or later. */
  reckon(): void {
    this.#arm();
  }

  // Commands ---------------------------------------------------------------------------------------------------------

  /** Accepts a message that is published when it is due, by the rules that are in force then. */
  async schedule(request: PublishRequest, due: DueTime): Promise<ScheduleResult | Refusal> {
    const { door, clock, nextId } = this.#parts;
    const publication = await door.prepare(request);
    if (publication instanceof Refusal) return publication;
    const { rule, channel } = publication;
    const now = clock.now();
    const at = due.at ?? now + (due.delay ?? 0);
    const refusal = this.#refuse(rule, channel, { at, now });
    if (refusal !== null) return refusal;
    const draft = toDraft(request.draft);
    const record = this.#recordOf(draft, { at, channel, by: request.by });
    const key =
      draft.key === undefined ? {} : { key: `${request.by.user?.length ?? '-'} ${request.by.user} ${draft.key}` };
    try {
      const own = nextId();
      const { id, offset } = await this.#append(record, { id: own, ...key });
      return { id, at: id === own ? at : ((await this.#recordAt({ offset }))?.at ?? at) };
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
    if (this.#pending.countOf(pattern.source) < schedule.max && this.#pending.size < MOST_PENDING) return null;
    return new Refusal(
      'too_many_scheduled',
      `${this.#pending.countOf(pattern.source)} messages of "${pattern.source}" wait`,
      CLIENT_RETRY,
    );
  }

  #recordOf(
    { data, event, tags }: Draft,
    { at, channel, by }: { at: number; channel: string; by: Identity },
  ): ScheduledMessage {
    return {
      ...{ kind: 'scheduled', at, channel, data, run: this.#run },
      ...(event === undefined ? undefined : { event }),
      ...(tags === undefined ? undefined : { tags }),
      ...(by.user === null ? undefined : { user: by.user }),
    };
  }

  /** Withdraws a message. The caller may publish on the channel. */
  async unschedule(channel: string, id: string, by: Identity): Promise<Refusal | null> {
    const pending = this.#pending.get(id);
    const mayWithdraw = by.user === null ? by.trusted === true || by.name !== undefined : pending?.user === by.user;
    if (pending === undefined || pending.channel !== channel || !mayWithdraw) return notScheduled(id, channel);
    try {
      await this.#settle(id);
      return null;
    } catch (error) {
      return refuseUnavailable(error);
    }
  }

  // The log ----------------------------------------------------------------------------------------------------------

  #append(record: ScheduleRecord, { id, key }: { id: string; key?: string }) {
    const { log, clock } = this.#parts;
    const options: AppendOptions = { retention: RETENTION, window: HOUR, ...(key === undefined ? undefined : { key }) };
    return log.append(SCHEDULES, { id, time: clock.now(), data: asJson(record) }, options);
  }

  async #settle(id: string): Promise<void> {
    await this.#append({ kind: 'settled', scheduled: id }, { id: this.#parts.nextId(), key: `settled ${id}` });
    this.#forget(id);
  }

  /** An entry was appended, by this node or another. */
  take(epoch: string, { message }: LoggedMessage): void {
    if (this.#reading !== undefined || epoch !== this.#epoch || message.offset !== this.#head + 1) {
      this.interrupted();
      return;
    }
    this.#head = message.offset;
    this.#apply(message.id, message.offset, message.data);
    if (this.#head % PAGE === 0) this.#keepOld();
    this.#arm();
  }

  /** Entries may have been missed. */
  interrupted(): void {
    this.#isStale = true;
    if (this.#reading === undefined && this.#state === 'running')
      this.#read().catch((error: unknown) => this.#readLater(error));
  }

  /** The log could not be read: what other nodes have scheduled meanwhile must not be missed. */
  #readLater(error: unknown): void {
    if (!(error instanceof EngineUnavailable)) this.#fault(error);
    this.#readingLater?.cancel();
    this.#readingLater = this.#parts.clock.after(RETRY, () => this.interrupted());
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
      if (this.#isStale) this.interrupted();
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    this.#isStale = false;
    for (let isAtEnd = false; !isAtEnd && this.#state === 'running'; ) {
      const page = await this.#parts.log.read(SCHEDULES, this.#head, PAGE);
      if (page.epoch !== this.#epoch) this.#begin(page.epoch);
      else {
        for (const { message } of page.messages) this.#apply(message.id, message.offset, message.data);
        this.#head = page.messages.at(-1)?.offset ?? page.head;
        isAtEnd = this.#head >= page.head;
      }
    }
    this.#arm();
  }

  #begin(epoch: string): void {
    this.#epoch = epoch;
    this.#head = 0;
    this.#pending.clear();
  }

  #apply(entry: string, offset: number, data: Json): void {
    const record = asRecord(data);
    if (record.kind === 'settled') {
      this.#forget(record.scheduled);
      return;
    }
    const id = record.original ?? entry;
    if (this.#settled.has(id)) return;
    this.#pending.add(id, offset, record, this.#parts.rules.match(record.channel)?.rule.pattern.source);
  }

  #forget(id: string): void {
    this.#pending.remove(id);
    this.#settled.add(id);
    const [oldest] = this.#settled;
    if (this.#settled.size > MOST_SETTLED && oldest !== undefined) this.#settled.delete(oldest);
  }

  /** Writes messages again that retention would remove before they are due. */
  #keepOld(): void {
    const oldest = this.#pending.oldest();
    if (oldest === undefined || this.#head - oldest.offset < MOST_ENTRIES / 2) return;
    this.#recordAt(oldest)
      .then((record) => {
        if (record === undefined) return undefined;
        const again = { ...record, original: oldest.id };
        return this.#append(again, { id: this.#parts.nextId(), key: `again ${oldest.id} ${oldest.offset}` });
      })
      .then((appended) => appended && this.#keepOld())
      .catch((error: unknown) => this.#fault(error));
  }

  async #recordAt({ offset }: Pick<PendingMessage, 'offset'>): Promise<ScheduledMessage | undefined> {
    const { epoch, messages } = await this.#parts.log.read(SCHEDULES, offset - 1, 1);
    const message = messages[0]?.message;
    if (epoch !== this.#epoch || message?.offset !== offset) return undefined;
    const record = asRecord(message.data);
    return record.kind === 'scheduled' ? record : undefined;
  }

  // Publishing -------------------------------------------------------------------------------------------------------

  #arm(retryIn = 0): void {
    this.#timer?.cancel();
    const first = this.#pending.first();
    if (first === undefined || this.#state !== 'running') return;
    const wait = Math.max(retryIn, this.#turnOf(first) - this.#parts.clock.now());
    this.#timer = this.#parts.clock.after(Math.max(0, wait), () => void this.#publishDue());
  }

  /** When this node publishes it. */
  #turnOf({ at, run }: PendingMessage): number {
    return run === this.#run ? at : at + STAGGER;
  }

  /** One after the other, in the order of their times. */
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
    this.#arm(retryIn);
  }

  #next(): PendingMessage | undefined {
    const first = this.#pending.first();
    return first !== undefined && this.#state === 'running' && this.#turnOf(first) <= this.#parts.clock.now()
      ? first
      : undefined;
  }

  async #publish(pending: PendingMessage): Promise<void> {
    const { id, channel } = pending;
    const record = await this.#recordAt(pending);
    const match = this.#parts.rules.match(channel);
    if (record !== undefined && match !== null) {
      const outcome = await this.#parts.door.publish({
        ...{ channel, checked: true, allowance: null },
        draft: draftOf(record, id),
        by: { ...PROGRAM, user: record.user ?? null },
        decision: { ...match, rule: { ...match.rule, dedupe: Math.max(match.rule.dedupe, HOUR) } },
      });
      if (outcome instanceof Refusal) this.#refused(channel, outcome);
    } else {
      this.#fault(new Error(`a scheduled message on "${channel}" has no rule any more, or was lost`));
    }
    await this.#settle(id);
  }

  /** @throws EngineUnavailable if it may succeed later */
  #refused(channel: string, { body }: Refusal): void {
    if (body.retryable) throw new EngineUnavailable(body.message);
    this.#fault(new Error(`a scheduled message on "${channel}" was refused: ${body.name}`));
  }

  #fault(error: unknown): void {
    this.#parts.events.emit('fault', { where: 'schedules', error });
  }
}

const draftOf = ({ data, event, tags }: ScheduledMessage, id: string): Draft => ({
  data,
  key: `scheduled ${id}`,
  ...(event === undefined ? undefined : { event }),
  ...(tags === undefined ? undefined : { tags }),
});

const notScheduled = (id: string, channel: string): Refusal =>
  new Refusal(
    'not_scheduled',
    `no message "${id.slice(0, 60).replace(/[^\x20-\x7e]|["\\]/g, '?')}" of yours waits on "${channel}"`,
  );
