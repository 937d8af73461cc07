import type { KeyedChange, KeyedRule, KeyedSummary } from './keyed-log.ts';

/**
 * A list returns only when the values are this much below the limits, so that it does not flicker.
 */
const BACK_TO_LIST = 0.8;

export interface KeyedLimits extends KeyedRule {
  /** Maximum bytes of a list. Above it subscribers receive only the count. */
  readonly maxBytes: number;
}

/** What the live subscribers receive next. */
export type Announcement<Value> =
  | { readonly kind: 'nothing' | 'count' | 'list' }
  | { readonly kind: 'changes'; readonly changes: readonly KeyedChange<Value>[] };

/**
 * What a subscriber that is behind receives: the count or the list. Otherwise it has to `wait` for
 * the next announcement, or its log has to be read `again`.
 */
export type Admission = 'count' | 'list' | 'wait' | 'again';

/**
 * What the live subscribers of one keyed log know, and what they receive next. SPEC.md section 9.
 *
 * A pure state machine: it has no clock, no transport and no source. Times are arguments, and its
 * methods return what the caller has to do.
 *
 * ```
 *          note(), reset()             begin()               plan(), planList()
 *   idle ──────────────────► due ──────────────────► announcing ──────────────► finish(), fail()
 *    ▲                                                                                 │
 *    └─────────────────────────────────────────────────────────────────────────────────┘
 * ```
 *
 * Changes may arrive in each of these states. The answers of a source may arrive late and out of
 * order, so each answer is compared with the version that was announced last.
 */
export class KeyedView<Value> {
  readonly #limits: KeyedLimits;
  /** The latest change of each key since the last announcement; `null`: the list is shorter. */
  #pending: Map<string, KeyedChange<Value>> | null = new Map();
  /** The changes that are being announced; `null`: the list. Absent: nothing is being announced. */
  #announcing: readonly KeyedChange<Value>[] | null | undefined;
  /** An announcement fell due while another one was being made. */
  #isOverdue = false;
  #dueAt: number | undefined;
  #begunAt = Number.NEGATIVE_INFINITY;
  /** Do the subscribers know only the count? `undefined`: nothing was sent yet. */
  #counting: boolean | undefined;
  /** Version up to which the live subscribers know the log. */
  #version = 0;
  /** The count that all live subscribers know; `undefined`: they do not all know the same one. */
  #total: number | undefined;

  constructor(limits: KeyedLimits) {
    this.#limits = limits;
  }

  /** Number of changes that are kept for the next announcement. */
  get pending(): number {
    return this.#pending?.size ?? 0;
  }

  /** What has to be read for a subscriber that is behind. */
  get wanted(): 'summary' | 'list' {
    return this.#counting === true ? 'summary' : 'list';
  }

  /** Milliseconds until the next announcement has to begin; `undefined`: there is none. */
  due(now: number): number | undefined {
    return this.#dueAt === undefined ? undefined : Math.max(0, this.#dueAt - now);
  }

  /**
   * Keeps a change until it is announced: at most one per key, and never more than a list may have.
   */
  note(change: KeyedChange<Value>): void {
    this.#scheduleAt(this.#begunAt + this.#limits.interval);
    if (this.#counting === true || this.#pending === null) return;
    this.#pending.delete(change.key); // moves to the end: changes are announced in the order of versions
    this.#pending.set(change.key, change);
    if (this.#pending.size > this.#limits.listUpTo * 2 + 10) this.#pending = null;
  }

  /** Changes may have been missed: announces the list at `at`, or earlier if something is due. */
  reset(at: number): void {
    this.#pending = null;
    this.#scheduleAt(at);
  }

  /**
   * @returns whether an announcement begins now; otherwise the one that is being made comes first
   */
  begin(now: number): boolean {
    this.#dueAt = undefined;
    this.#begunAt = now;
    this.#isOverdue = this.#announcing !== undefined;
    if (this.#isOverdue) return false;
    this.#announcing = this.#pending === null ? null : [...this.#pending.values()];
    this.#pending = new Map();
    return true;
  }

  /** Decides what to announce, given what the source has now. */
  plan(summary: KeyedSummary): Announcement<Value> {
    const hasCounted = this.#counting === true;
    this.#counting = this.#exceeds(summary);
    this.#version = summary.version;
    if (this.#counting) return { kind: this.#countIsNews(summary.total, hasCounted) ? 'count' : 'nothing' };
    const changes = this.#announcing ?? null;
    return hasCounted || changes === null ? { kind: 'list' } : { kind: 'changes', changes };
  }

  /** The first count also ends the list. */
  #countIsNews(total: number, hasCounted: boolean): boolean {
    const isNews = !hasCounted || total !== this.#total;
    this.#total = total;
    return isNews;
  }

  /** @returns whether the list may be announced; otherwise it has grown too large since the plan */
  planList(page: KeyedSummary): boolean {
    if (this.#exceeds(page)) {
      this.#pending = null;
      this.#isOverdue = true;
      return false;
    }
    this.#version = page.version;
    return true;
  }

  /** The announcement has been made. */
  finish(now: number): void {
    this.#announcing = undefined;
    if (this.#isOverdue) this.#scheduleAt(now + this.#limits.interval);
    this.#isOverdue = false;
  }

  /** The announcement failed, and what it had is lost: the list is announced at `retryAt`. */
  fail(retryAt: number): void {
    this.#announcing = undefined;
    this.#isOverdue = false;
    this.reset(retryAt);
  }

  /**
   * Decides what a subscriber that is behind receives, given what was read for it. With `count` or
   * `list` it becomes live in the same step.
   *
   * @param isAlone is no other subscriber live?
   */
  admit(known: KeyedSummary, isAlone: boolean): Admission {
    if (known.version < this.#version) return 'again';
    this.#counting ??= this.#exceeds(known);
    // The log has crossed a limit since the last announcement: the next one goes to all
    // subscribers.
    if (this.#exceeds(known) !== this.#counting) return 'wait';
    if (!this.#counting) return 'list';
    if (isAlone) this.#total = known.total;
    else if (known.total !== this.#total) this.#total = undefined;
    return 'count';
  }

  #scheduleAt(time: number): void {
    this.#dueAt ??= time;
  }

  #exceeds({ total, bytes }: KeyedSummary): boolean {
    const share = this.#counting === true ? BACK_TO_LIST : 1;
    return total > this.#limits.listUpTo * share || bytes > this.#limits.maxBytes * share;
  }
}
