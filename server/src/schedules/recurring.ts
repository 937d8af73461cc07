import { PROGRAM } from '../auth/identity.ts';
import { CLIENT_RETRY } from '../channels/budgets.ts';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import { Refusal } from '../refusal.ts';
import type { RecurringSchedule } from '../rule.ts';
import { type CreatedSchedules, planOf } from './recurring-definitions.ts';
import { RecurringEntry, RecurringPublisher, type RecurringPublisherParts } from './recurring-publisher.ts';
import { contentOfRecurring } from './schedule-record.ts';

/** A recurring schedule, as the API shows it. */
export interface ListedSchedule extends RecurringSchedule {
  /** Where it was defined. */
  readonly source: 'config' | 'api';
  /** When it publishes next: ms since the Unix epoch. */
  readonly next: number;
}

/** A page of the recurring schedules. */
export interface SchedulePage {
  /** In the order of their names. */
  readonly schedules: readonly ListedSchedule[];
  /** `after` of the next page; absent: this is the last one. */
  readonly next?: string;
}

export interface RecurringParts extends RecurringPublisherParts {
  readonly created: CreatedSchedules;
}

/** Why somebody may not manage the channels of a pattern; `null`: it is permitted. */
export type RefuseManaging = (pattern: string) => Refusal | null;

/** The pattern of all channels. */
const EVERYTHING = '**';
/** How often a change is tried again because other nodes have written to the log at the same time. */
const ATTEMPTS = 20;
/** Recurring schedules that may be created over the API. */
const MOST_CREATED = 1_000;

/** Recurring messages: those of the configuration, and those that were created over the API. */
export class Recurring {
  readonly #parts: RecurringParts;
  readonly #publisher: RecurringPublisher;
  #configured: readonly RecurringSchedule[] | undefined;
  #entries = new Map<string, RecurringEntry>();
  /** Versions of what the entries and the timer were made of. */
  #made = '';

  constructor(parts: RecurringParts) {
    this.#parts = parts;
    this.#publisher = new RecurringPublisher(parts);
  }

  /** Number of schedules. */
  get size(): number {
    return this.#entries.size;
  }

  close(): void {
    this.#publisher.close();
  }

  /** The wall clock was set. */
  reckon(): void {
    this.#publisher.reckon();
  }

  /**
   * Replaces the schedules of the configuration; `undefined`: recurring schedules are off.
   *
   * Remembers since when new ones recur, so that a time is not lost that passes before the gateway
   * starts the next time. If the engine is away, this happens later.
   */
  async configure(schedules: readonly RecurringSchedule[] | undefined): Promise<void> {
    this.#configured = schedules;
    this.#made = '';
    this.refresh();
    try {
      await this.#publisher.begin();
    } catch (error) {
      refuseUnavailable(error);
    }
    this.#publisher.arm();
  }

  /** The log was read: does it have anything new about recurring schedules? */
  refresh(): void {
    const { created, progress } = this.#parts;
    const versions = `${created.version} ${progress.version}`;
    if (versions === this.#made) return;
    this.#made = versions;
    this.#entries = this.#makeEntries();
    progress.known = new Set([...this.#entries.values()].map(({ plan }) => plan));
    this.#publisher.replace([...this.#entries.values()]);
    this.#publisher.arm();
  }

  /** The schedules of the configuration come before others with the same name. */
  #makeEntries(): Map<string, RecurringEntry> {
    const entries = new Map<string, RecurringEntry>();
    if (this.#configured === undefined) return entries;
    for (const schedule of this.#configured) {
      entries.set(schedule.name, this.#known(schedule) ?? new RecurringEntry(schedule));
    }
    for (const schedule of this.#parts.created.all()) {
      if (entries.has(schedule.name)) continue;
      entries.set(schedule.name, this.#known(schedule) ?? new RecurringEntry(schedule, schedule));
    }
    return entries;
  }

  /** The entry that was made of a schedule before. */
  #known(schedule: RecurringSchedule): RecurringEntry | undefined {
    const known = this.#entries.get(schedule.name);
    return known?.schedule === schedule ? known : undefined;
  }

  /**
   * Creates a schedule, or replaces the one of its name. The caller may manage its channel.
   *
   * @param refuse asked about all channels if a schedule is replaced that publishes on another channel
   */
  async put(schedule: RecurringSchedule, refuse: RefuseManaging): Promise<ListedSchedule | Refusal> {
    const { door } = this.#parts;
    const { name, channel } = schedule;
    const publication = await door.prepare({
      channel,
      draft: contentOfRecurring(schedule),
      by: PROGRAM,
      allowance: null,
    });
    if (publication instanceof Refusal) return publication;
    try {
      const refusal = await this.#store(schedule, refuse);
      if (refusal !== null) return refusal;
      this.refresh();
    } catch (error) {
      return refuseUnavailable(error);
    }
    return this.#get(name) ?? notFound(name);
  }

  /** Another node may create or replace the schedule at the same time: it is checked with the write. */
  async #store(schedule: RecurringSchedule, refuse: RefuseManaging): Promise<Refusal | null> {
    const { log, clock, run, created } = this.#parts;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await log.catchUp();
      const current = created.get(schedule.name);
      const refusal = this.#refusePut(schedule, current, refuse);
      if (refusal !== null) return refusal;
      const isSame = current !== undefined && planOf(current) === planOf(schedule);
      const since = isSame ? current.since : clock.now();
      if (await log.applyIfRead({ kind: 'recurring', ...schedule, since, run })) return null;
    }
    return new Refusal('unavailable', 'other schedules change too often at the moment', CLIENT_RETRY);
  }

  #refusePut(
    { name, channel }: RecurringSchedule,
    current: RecurringSchedule | undefined,
    refuse: RefuseManaging,
  ): Refusal | null {
    const refusal = current === undefined || current.channel === channel ? null : refuse(EVERYTHING);
    return refusal ?? this.#refuseChange(name) ?? (current === undefined ? this.#refuseMore() : null);
  }

  /**
   * Deletes a schedule that was created over the API.
   *
   * @param refuse asked about its channel; about all channels if there is no schedule of this name
   */
  async delete(name: string, refuse: RefuseManaging): Promise<Refusal | null> {
    try {
      const { log, created } = this.#parts;
      await log.catchUp();
      this.refresh();
      const known = this.#entries.get(name)?.schedule ?? created.get(name);
      const refusal = refuse(known?.channel ?? EVERYTHING) ?? this.#refuseChange(name);
      if (refusal !== null) return refusal;
      const current = created.get(name);
      if (current === undefined) return notFound(name);
      await log.settle(current.id); // the id of what was checked: one that has replaced it meanwhile stays
      this.refresh();
      return null;
    } catch (error) {
      return refuseUnavailable(error);
    }
  }

  /** A page of all schedules, in the order of their names. */
  async list({ after = '', limit }: { after?: string | undefined; limit: number }): Promise<SchedulePage | Refusal> {
    try {
      await this.#parts.log.catchUp();
      const names = [...this.#entries.keys()].filter((name) => name > after).sort();
      const page = names.slice(0, limit);
      const schedules = page.flatMap((name) => this.#get(name) ?? []);
      const last = page.at(-1);
      return names.length > limit && last !== undefined ? { schedules, next: last } : { schedules };
    } catch (error) {
      return refuseUnavailable(error);
    }
  }

  #get(name: string): ListedSchedule | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const { channel, data, event, tags, cron, timeZone, catchUp } = entry.schedule;
    const last = this.#publisher.lastOf(entry) ?? this.#parts.clock.now();
    return {
      ...{ name, channel, cron, timeZone, catchUp, data },
      ...(event === undefined ? undefined : { event }),
      ...(tags && { tags }),
      source: entry.created === undefined ? 'config' : 'api',
      next: entry.next(last),
    };
  }

  #refuseChange(name: string): Refusal | null {
    if (this.#configured === undefined) {
      return new Refusal('command_invalid', 'recurring schedules are off. Add "schedules: {}" to the configuration');
    }
    if (this.#configured.every((schedule) => schedule.name !== name)) return null;
    return new Refusal('command_invalid', `the schedule "${name}" is defined in the configuration. Change it there`);
  }

  #refuseMore(): Refusal | null {
    if (this.#parts.created.size < MOST_CREATED) return null;
    return new Refusal('too_many_scheduled', `there are ${MOST_CREATED} recurring schedules`, CLIENT_RETRY);
  }
}

const notFound = (name: string): Refusal => new Refusal('not_scheduled', `there is no recurring schedule "${name}"`);
