import type { RecurringSchedule } from '../rule.ts';
import type { LiveEntry, LogView } from './schedule-log.ts';
import type { RecurringRecord, ScheduleRecord, TickedRecord } from './schedule-record.ts';

/** A recurring schedule that was created over the API. */
export type CreatedSchedule = LiveEntry & Omit<RecurringRecord, 'kind' | 'original'>;

/** The name and the times of a schedule: how far it has come is remembered for them. */
export const planOf = ({ name, timeZone, cron }: RecurringSchedule): string => `${name} ${timeZone} ${cron}`;

/** The recurring schedules that were created over the API, by name. */
export class CreatedSchedules implements LogView {
  readonly #byName = new Map<string, CreatedSchedule>();
  /** Names by the id of their entry. */
  readonly #names = new Map<string, string>();
  /** Changes with every change. */
  version = 0;

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): CreatedSchedule | undefined {
    return this.#byName.get(name);
  }

  all(): Iterable<CreatedSchedule> {
    return this.#byName.values();
  }

  add(entry: LiveEntry, record: ScheduleRecord): void {
    if (record.kind !== 'recurring') return;
    const { kind: _kind, original, ...schedule } = record;
    const current = this.#byName.get(schedule.name);
    // One that was replaced while it was written again.
    if (original !== undefined && current !== undefined && current.id !== entry.id) return;
    if (current !== undefined) this.#names.delete(current.id);
    this.#byName.set(schedule.name, { ...entry, ...schedule });
    this.#names.set(entry.id, schedule.name);
    this.version++;
  }

  remove(id: string): void {
    const name = this.#names.get(id);
    if (name === undefined) return;
    this.#names.delete(id);
    this.#byName.delete(name);
    this.version++;
  }

  clear(): void {
    this.#byName.clear();
    this.#names.clear();
    this.version++;
  }

  oldest(): LiveEntry | undefined {
    return oldestOf(this.#byName.values());
  }
}

/** Plans without a schedule that are remembered: it may be restored, or be one of another node. */
const MOST_UNKNOWN = 1_000;

/** How far a schedule has come. */
export type Progress = LiveEntry & Pick<TickedRecord, 'at' | 'run'>;

/** How far the schedules have come, by plan. */
export class RecurringProgress implements LogView {
  readonly #byPlan = new Map<string, Progress>();
  /** Plans by the id of their entry. */
  readonly #plans = new Map<string, string>();
  /** Changes with every change. */
  version = 0;
  #known: ReadonlySet<string> = new Set();

  /** The plans of this node's schedules: others need not be kept in the log, and only the latest are remembered. */
  set known(plans: ReadonlySet<string>) {
    this.#known = plans;
    this.#forgetUnknown();
  }

  get size(): number {
    return this.#byPlan.size;
  }

  get(plan: string): Progress | undefined {
    return this.#byPlan.get(plan);
  }

  add(entry: LiveEntry, record: ScheduleRecord): void {
    if (record.kind !== 'ticked') return;
    const { plan, at, run } = record;
    const current = this.#byPlan.get(plan);
    if (current !== undefined && current.at > at) return; // of a node that was late
    if (current !== undefined) this.#plans.delete(current.id);
    this.#byPlan.delete(plan); // the latest is the last
    this.#byPlan.set(plan, { ...entry, at, run });
    this.#plans.set(entry.id, plan);
    this.version++;
  }

  /** Only if the log has lost it. */
  remove(id: string): void {
    const plan = this.#plans.get(id);
    if (plan === undefined) return;
    this.#plans.delete(id);
    this.#byPlan.delete(plan);
    this.version++;
  }

  clear(): void {
    this.#byPlan.clear();
    this.#plans.clear();
    this.version++;
  }

  oldest(): LiveEntry | undefined {
    return oldestOf([...this.#byPlan].flatMap(([plan, progress]) => (this.#known.has(plan) ? [progress] : [])));
  }

  #forgetUnknown(): void {
    if (this.#byPlan.size <= this.#known.size + MOST_UNKNOWN) return;
    const unknown = [...this.#byPlan].filter(([plan]) => !this.#known.has(plan));
    for (const [plan, { id }] of unknown.slice(0, -MOST_UNKNOWN)) {
      this.#byPlan.delete(plan);
      this.#plans.delete(id);
    }
  }
}

function oldestOf(entries: Iterable<LiveEntry>): LiveEntry | undefined {
  let oldest: LiveEntry | undefined;
  for (const entry of entries) if (oldest === undefined || entry.offset < oldest.offset) oldest = entry;
  return oldest;
}
