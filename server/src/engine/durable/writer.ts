import { AgeClock } from '../../util/age-clock.ts';
import { type Clock, systemClock, type Timer } from '../../util/clock.ts';
import { EngineFull, EngineUnavailable, HeadMoved } from '../engine.ts';
import { type About, Batch } from './batch.ts';
import type { Change, Store } from './store.ts';

/** Something that wants to be written. */
export interface Job {
  /** That it holds in memory. */
  readonly bytes: number;
  /** Jobs of one lane keep their order. If one is refused, later ones are refused too, so that none overtakes it. */
  readonly lane?: string;
  /** Decides what to write. What it throws, it is refused with; it must not have changed anything then. */
  plan(batch: Batch): void;
  /** It is on disk, flushed. */
  done(): void;
  refuse(error: unknown): void;
}

export interface WriterOptions {
  readonly store: Store;
  readonly about: About;
  readonly promised: (channel: string) => number | undefined;
  /** Maximum bytes of the store; `null`: no limit. */
  readonly maxSize: number | null;
  readonly clock?: Clock;
}

/** Jobs of one transaction at most: planning them must not hold up the event loop. */
const MOST_JOBS = 1_000;
const MOST_BYTES = 8 * 1024 * 1024;
/** Bytes that may wait for the disk. */
const MOST_WAITING = 64 * 1024 * 1024;
/** Milliseconds after a failure during which the disk is left alone. */
const PAUSE = 1_000;
/** Milliseconds after which a write that has not ended is trouble. */
const STUCK = 10_000;
/** Pages that only clearing away may use: a full store must be able to become less full. */
const RESERVE = 256 * 1024;
/** Expired idempotency keys that are removed with each job. */
const KEYS_PER_JOB = 2;
/** Milliseconds for which no expired keys are looked for after none were found. */
const FORGETTING = 1_000;

/**
 * The group commit: jobs that arrive during a flush share the next transaction, so many publishes
 * cost one flush. One transaction runs at a time. Each is planned on the state that the previous
 * one left on disk, so a failure never revokes an acknowledged write.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #clock: Clock;
  readonly #age: AgeClock;
  #about: About;
  #waiting: Job[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  #startedAt: number | undefined;
  #failure: EngineUnavailable | undefined;
  /**
   * Runs while the disk is left alone. A turn of the event loop sees it run from its beginning to
   * its end, or not at all.
   */
  #pause: Timer | undefined;
  #nextForgetting = 0;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#age = new AgeClock(this.#clock);
    this.#about = options.about;
  }

  get about(): Readonly<About> {
    return this.#about;
  }

  /** Why nothing can be written at the moment. */
  get trouble(): string | undefined {
    if (this.#closed) return undefined;
    if (this.#failure !== undefined) return this.#failure.message;
    if (this.#startedAt !== undefined && this.#clock.monotonic() - this.#startedAt > STUCK) {
      return 'the disk that holds the channels does not answer';
    }
    try {
      return this.#room() > 0 ? undefined : 'the channels have taken as much of the disk as they may (durable.maxSize)';
    } catch (error) {
      return toUnavailable(error).message;
    }
  }

  /** @param options.probe tries though the disk failed a moment ago */
  submit(job: Job, { probe = false }: { probe?: boolean } = {}): void {
    const refusal = this.#refusal(probe);
    if (refusal !== undefined) {
      job.refuse(refusal);
      return;
    }
    this.#waiting.push(job);
    this.#waitingBytes += job.bytes;
    this.#running ??= this.#run();
  }

  #refusal(probe: boolean): EngineUnavailable | undefined {
    if (this.#closed) return new EngineUnavailable('the engine is closed');
    // On a full disk, the reserve is for freeing space only.
    if (!probe && (this.#pause !== undefined || this.#failure instanceof EngineFull)) return this.#failure;
    if (this.#waitingBytes < MOST_WAITING) return undefined;
    return new EngineUnavailable('the disk that holds the channels does not keep up');
  }

  async #run(): Promise<void> {
    // What else is asked in this turn of the event loop comes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#commit(this.#next());
    this.#running = undefined;
  }

  #next(): Job[] {
    let count = 0;
    let bytes = 0;
    for (const job of this.#waiting) {
      if (count > 0 && (count === MOST_JOBS || bytes + job.bytes > MOST_BYTES)) break;
      bytes += job.bytes;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  #room(): number {
    const { store, maxSize } = this.#options;
    return maxSize === null ? Number.POSITIVE_INFINITY : maxSize - RESERVE - store.used();
  }

  #isOutOfRoom(): boolean {
    try {
      return this.#room() <= 0;
    } catch {
      return false; // the next batch reports that the store cannot be read
    }
  }

  /** Never rejects: after any failure its jobs are refused, and the disk is tried again later. */
  async #commit(jobs: readonly Job[]): Promise<void> {
    const open = new Set(jobs);
    try {
      const batch = this.#prepare(jobs, open);
      await this.#write(batch.finish());
      this.#about = batch.about;
    } catch (error) {
      if (error instanceof EngineFull) await this.#surrender();
      this.#fail(open, error);
      return;
    }
    for (const job of open) settle(job);
    if (this.#options.maxSize !== null && open.size < jobs.length) await this.#makeRoom();
  }

  /** Space may be too small for jobs, and enough when the store has really removed what was removed. */
  async #makeRoom(): Promise<void> {
    await this.#options.store.compact().catch(() => {});
  }

  /** Plans the jobs and the removals that accompany them; removes refused jobs from `open`. */
  #prepare(jobs: readonly Job[], open: Set<Job>): Batch {
    const { store, promised } = this.#options;
    const now = this.#age.now();
    const batch = new Batch({ store, about: this.#about, promised, room: this.#room(), now });
    this.#planAll(jobs, { batch, open });
    batch.trimOwn(now);
    this.#forgetKeys(batch, now, open.size * KEYS_PER_JOB);
    return batch;
  }

  /** Does not look for expired keys again soon after it found none. */
  #forgetKeys(batch: Batch, now: number, most: number): void {
    if (now < this.#nextForgetting) return;
    if (batch.forgetKeys(now, most) === most) this.#nextForgetting = now + FORGETTING;
  }

  /** What was held back may stay where it cannot be given up: the next attempt tries again. */
  async #surrender(): Promise<void> {
    await this.#options.store.surrender().catch(() => {});
  }

  #planAll(jobs: readonly Job[], { batch, open }: { batch: Batch; open: Set<Job> }): void {
    const refused = new Map<string, unknown>();
    for (const job of jobs) if (!this.#plan(job, batch, refused)) open.delete(job);
    if (refused.size > 0) this.#refuseBehind(refused);
  }

  /** @returns whether it could be planned; otherwise it was refused */
  #plan(job: Job, batch: Batch, refused: Map<string, unknown>): boolean {
    const { lane } = job;
    try {
      if (lane !== undefined && refused.has(lane)) throw refused.get(lane);
      job.plan(batch);
      return true;
    } catch (error) {
      // What expects another head is refused alone: the others do not depend on it.
      if (lane !== undefined && !(error instanceof HeadMoved)) refused.set(lane, error);
      job.refuse(error);
      return false;
    }
  }

  /** Who handed over these jobs did not know yet that one before them would be refused. */
  #refuseBehind(refused: ReadonlyMap<string, unknown>): void {
    this.#waiting = this.#waiting.filter((job) => {
      if (job.lane === undefined || !refused.has(job.lane)) return true;
      this.#waitingBytes -= job.bytes;
      job.refuse(refused.get(job.lane));
      return false;
    });
  }

  async #write(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    this.#startedAt = this.#clock.monotonic();
    try {
      await this.#options.store.write(changes);
      if (this.#isOutOfRoom()) await this.#makeRoom();
      if (await this.#hasRecovered()) this.#failure = undefined;
    } finally {
      this.#startedAt = undefined;
    }
  }

  /** A write succeeded: checks whether the trouble is over. A failing check does not affect the flushed data. */
  async #hasRecovered(): Promise<boolean> {
    if (!(this.#failure instanceof EngineFull)) return true;
    return this.#options.store.recover().catch(() => false);
  }

  /** Refuses these jobs and the waiting ones, which would only fail later. */
  #fail(jobs: Iterable<Job>, cause: unknown): void {
    const error = toUnavailable(cause);
    this.#failure = error;
    this.#pause?.cancel();
    this.#pause = this.#clock.after(PAUSE, () => {
      this.#pause = undefined;
    });
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const job of [...jobs, ...waiting]) job.refuse(error);
  }

  /** Accepts no more jobs, and resolves when the accepted ones are on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    this.#pause?.cancel();
  }
}

/** What the store throws by itself means that it cannot be read: the disk fails, or its file is damaged. */
function toUnavailable(cause: unknown): EngineUnavailable {
  if (cause instanceof EngineUnavailable) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EngineUnavailable(`the store of the channels does not work: ${reason}`, { cause });
}

/** A listener that throws must not keep the others from hearing. */
function settle(job: Job): void {
  try {
    job.done();
  } catch (error) {
    job.refuse(error);
  }
}
