import { EngineUnavailable } from '../engine/engine.ts';
import type { RecurringSchedule } from '../rule.ts';
import type { Timer } from '../util/clock.ts';
import { CronTimes } from '../util/cron-times.ts';
import { RETRY, STAGGER } from './due-publisher.ts';
import { type LatePublishParts, publishLate } from './publish-late.ts';
import { type CreatedSchedule, planOf, type RecurringProgress } from './recurring-definitions.ts';
import type { ScheduleLog } from './schedule-log.ts';
import { contentOfRecurring } from './schedule-record.ts';

export interface RecurringPublisherParts extends LatePublishParts {
  readonly log: ScheduleLog;
  readonly progress: RecurringProgress;
  /** This run of the gateway. */
  readonly run: string;
}

/** A schedule and its times. */
export class RecurringEntry {
  readonly schedule: RecurringSchedule;
  readonly plan: string;
  readonly times: CronTimes;
  /** Of one that was created over the API: its first time is after this, and the run that accepted it. */
  readonly created: { readonly since: number; readonly run: string } | undefined;
  /** Not tried again before. */
  notBefore = 0;
  #after = Number.NaN;
  #next = 0;

  constructor(schedule: RecurringSchedule, created?: CreatedSchedule) {
    this.schedule = schedule;
    this.plan = planOf(schedule);
    this.times = new CronTimes(schedule.cron, schedule.timeZone);
    this.created = created;
  }

  /** The first time after another; computed once. */
  next(after: number): number {
    if (this.#after !== after) this.#next = this.times.next(after);
    this.#after = after;
    return this.#next;
  }
}

/** A time that was missed by less is published late, whatever `catchUp` says: ms. */
const LATE = 60_000;
/** Milliseconds for which the publish of a time is remembered. */
const REMEMBERED = 24 * 3_600_000;

/**
 * Publishes recurring schedules at their times: once across nodes, by an idempotency key for each
 * time. Of several times that are due, only the last one is published.
 */
export class RecurringPublisher {
  readonly #parts: RecurringPublisherParts;
  #entries: readonly RecurringEntry[] = [];
  #timer: Timer | undefined;
  #isPublishing = false;

  constructor(parts: RecurringPublisherParts) {
    this.#parts = parts;
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** Replaces the schedules. */
  replace(entries: readonly RecurringEntry[]): void {
    this.#entries = entries;
  }

  /** Remembers from when on the schedules recur that were never seen before. */
  async begin(): Promise<void> {
    for (const entry of this.#entries) {
      if (this.lastOf(entry) === undefined) await this.#begin(entry);
    }
  }

  /** Up to which time a schedule has published; `undefined`: it was never seen before. */
  lastOf({ plan, created }: RecurringEntry): number | undefined {
    const at = this.#parts.progress.get(plan)?.at;
    if (at === undefined || created === undefined) return at ?? created?.since;
    return Math.max(at, created.since);
  }

  /** The wall clock was set. */
  reckon(): void {
    for (const entry of this.#entries) entry.notBefore = 0;
    this.arm();
  }

  /** Another schedule may be the first. */
  arm(retryIn = 0): void {
    const { log, clock } = this.#parts;
    this.#timer?.cancel();
    const first = this.#first();
    if (first === undefined || !log.isRunning) return;
    const wait = Math.max(retryIn, this.#turnOf(first) - clock.now());
    if (wait < Number.POSITIVE_INFINITY) {
      this.#timer = clock.after(Math.max(0, wait), () => void this.#publishDue());
    }
  }

  #first(): RecurringEntry | undefined {
    let first: RecurringEntry | undefined;
    for (const entry of this.#entries) {
      if (first === undefined || this.#turnOf(entry) < this.#turnOf(first)) first = entry;
    }
    return first;
  }

  /** When this node publishes: a moment later than the one that was first the last time. */
  #turnOf(entry: RecurringEntry): number {
    const last = this.lastOf(entry);
    if (last === undefined) return entry.notBefore;
    const { progress, run } = this.#parts;
    const first = progress.get(entry.plan)?.run ?? entry.created?.run;
    return Math.max(entry.notBefore, entry.next(last) + (first === run ? 0 : STAGGER));
  }

  async #publishDue(): Promise<void> {
    if (this.#isPublishing) return;
    this.#isPublishing = true;
    let retryIn = 0;
    try {
      for (let first = this.#due(); first !== undefined; first = this.#due()) await this.#publish(first);
    } catch (error) {
      retryIn = RETRY;
      if (!(error instanceof EngineUnavailable)) this.#fault(error);
    } finally {
      this.#isPublishing = false;
    }
    this.arm(retryIn);
  }

  #due(): RecurringEntry | undefined {
    const { log, clock } = this.#parts;
    const first = this.#first();
    return first !== undefined && log.isRunning && this.#turnOf(first) <= clock.now() ? first : undefined;
  }

  async #publish(entry: RecurringEntry): Promise<void> {
    const last = this.lastOf(entry);
    if (last === undefined) {
      await this.#begin(entry);
      return;
    }
    const { clock, events } = this.#parts;
    const { name, channel, catchUp } = entry.schedule;
    const now = clock.now();
    const first = entry.next(last);
    const at = Math.max(first, entry.times.latest(now) ?? first);
    const isPublished = now - at < LATE || catchUp === 'once';
    if (isPublished && !(await this.#publishAt(entry, at))) return;
    if (at > first || !isPublished) {
      events.emit('timesMissed', { schedule: name, channel, from: first, to: at, published: isPublished });
    }
    await this.#note(entry, { at, key: `ticked ${entry.plan} ${at}` });
  }

  /** @returns whether the time is over: it was published, or refused for good */
  async #publishAt(entry: RecurringEntry, at: number): Promise<boolean> {
    const { name, channel } = entry.schedule;
    const content = contentOfRecurring(entry.schedule);
    const publish = { kind: 'recurring', at, channel, content, key: `recurring ${name} ${at}` } as const;
    const isOver = await publishLate(this.#parts, { ...publish, window: REMEMBERED });
    if (!isOver) entry.notBefore = this.#parts.clock.now() + RETRY;
    return isOver;
  }

  #begin(entry: RecurringEntry): Promise<void> {
    const at = this.#parts.clock.now();
    return this.#note(entry, { at, key: `begin ${entry.plan}` });
  }

  async #note(entry: RecurringEntry, { at, key }: { at: number; key: string }): Promise<void> {
    const { log, clock, run } = this.#parts;
    const { plan } = entry;
    await log.apply({ kind: 'ticked', plan, at, run }, key);
    // If the log has begun anew meanwhile, it is read first.
    if ((this.lastOf(entry) ?? 0) < at) entry.notBefore = clock.now() + RETRY;
  }

  #fault(error: unknown): void {
    this.#parts.events.emit('fault', { where: 'schedules', error });
  }
}
