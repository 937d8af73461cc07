import type { Logger } from 'pino';
import type { Loaded } from '../config/load.ts';
import type { ReloadReport } from '../reload.ts';
import type { Clock } from '../util/clock.ts';
import type { FromProcess, ToProcess } from './messages.ts';

/** Milliseconds that a worker has to prepare a reload, and to apply it. */
const TO_RELOAD = 10_000;

/** A worker that takes part in a reload. */
export interface ReloadingWorker {
  readonly name: string;
  readonly ready: boolean;
  send(message: ToProcess): void;
}

export interface WorkersReloadParts {
  readonly workers: () => readonly ReloadingWorker[];
  readonly clock: Clock;
  readonly log: Pick<Logger, 'debug' | 'warn'>;
  /** Processes that start from now on get this configuration. */
  readonly adopt: (loaded: Loaded) => void;
  /** What differs from the configuration in force. */
  readonly differences: (loaded: Loaded) => ReloadReport;
}

type Answer = Extract<FromProcess, { type: 'reloadStaged' | 'reloadCommitted' }>;

/** Waits for an answer of each of several workers. */
interface Round {
  readonly id: number;
  readonly type: Answer['type'];
  readonly missing: Set<string>;
  readonly answers: Answer[];
  readonly done: () => void;
}

/**
 * Applies another configuration to all workers, or to none: first each prepares everything that may
 * fail, then all apply it.
 */
export class WorkersReload {
  readonly #parts: WorkersReloadParts;
  /** Those that take part in the reload that is under way, and have not ended since it began. */
  readonly #participants = new Set<string>();
  #round: Round | undefined;
  #count = 0;
  /** Counts the configurations that were adopted; and the one that each worker has. */
  #version = 0;
  readonly #versions = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: WorkersReloadParts) {
    this.#parts = parts;
  }

  /**
   * One after the other, so that the latest configuration wins.
   *
   * @throws Error if a worker cannot apply it; then nothing has changed
   */
  apply(loaded: Loaded): Promise<ReloadReport> {
    const applied = this.#last.then(() => this.#apply(loaded));
    this.#last = applied.catch(() => {}); // reported to the caller
    return applied;
  }

  /** A worker has answered. */
  answered(from: string, answer: Answer): void {
    const round = this.#round;
    if (round?.id !== answer.id || round.type !== answer.type || !round.missing.delete(from)) return;
    round.answers.push(answer);
    if (round.missing.size === 0) round.done();
  }

  /** A process of this name gets the configuration in force. */
  starting(name: string): void {
    this.#versions.set(name, this.#version);
  }

  /** A worker has started. If another configuration was adopted meanwhile, the next process gets that one. */
  ready(name: string): void {
    if (this.#versions.get(name) !== this.#version) this.#replace(name);
  }

  /** A worker has ended: its replacement gets the configuration that is in force then. */
  gone(name: string): void {
    this.#participants.delete(name);
    if (this.#round?.missing.delete(name) && this.#round.missing.size === 0) this.#round.done();
  }

  async #apply(loaded: Loaded): Promise<ReloadReport> {
    const { workers, log, differences } = this.#parts;
    const id = ++this.#count;
    this.#participants.clear();
    for (const { name, ready } of workers()) if (ready) this.#participants.add(name);
    const asked = this.#participants.size;
    const staged = this.#collect(id, 'reloadStaged');
    this.#send({ type: 'stageReload', id, gathered: loaded.gathered });
    log.debug({ workers: [...this.#participants] }, 'workers prepare a reload');
    const { answers, missing } = await staged;
    const isUnproven = answers.length === 0 && asked > 0;
    const problem = problemOf(answers) ?? lateOf(missing) ?? (isUnproven ? NOBODY_LEFT : undefined);
    if (problem !== undefined) {
      this.#send({ type: 'endReload', id, commit: false });
      throw new Error(problem);
    }
    const expected = differences(loaded);
    this.#adopt(loaded);
    const committed = this.#collect(id, 'reloadCommitted');
    this.#send({ type: 'endReload', id, commit: true });
    const { answers: reports, missing: late } = await committed;
    if (late.length > 0) log.warn({ workers: late }, LATE);
    return reportOf(reports) ?? expected;
  }

  #send(message: ToProcess): void {
    for (const worker of this.#parts.workers()) if (this.#participants.has(worker.name)) worker.send(message);
  }

  /** From now on a worker has the new configuration, or starts with it. */
  #adopt(loaded: Loaded): void {
    this.#parts.adopt(loaded);
    this.#version++;
    for (const name of this.#participants) this.#versions.set(name, this.#version);
    for (const { name, ready } of this.#parts.workers()) if (ready) this.ready(name);
  }

  #replace(name: string): void {
    const worker = this.#parts.workers().find((each) => each.name === name);
    worker?.send({ type: 'stop' });
  }

  #collect(id: number, type: Answer['type']): Promise<{ answers: readonly Answer[]; missing: readonly string[] }> {
    const missing = new Set(this.#participants);
    const answers: Answer[] = [];
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#round = undefined;
        resolve({ answers, missing: [...missing] });
      };
      const timer = this.#parts.clock.after(TO_RELOAD, done);
      this.#round = { id, type, missing, answers, done };
      if (missing.size === 0) done();
    });
  }
}

const problemOf = (answers: readonly Answer[]): string | undefined =>
  answers.flatMap((answer) => (answer.type === 'reloadStaged' ? (answer.problem ?? []) : []))[0];

const lateOf = (missing: readonly string[]): string | undefined =>
  missing.length === 0
    ? undefined
    : `${missing.join(', ')} did not prepare the reload within ${TO_RELOAD / 1_000} seconds. Try again`;

const LATE = `these workers still apply the reload after ${TO_RELOAD / 1_000} seconds`;

const NOBODY_LEFT =
  'every worker ended while it prepared the reload; their log says why. Nothing has changed: correct the configuration, or try again';

/** All workers had the same configuration; `undefined`: none has reported, because all have ended or are late. */
const reportOf = (answers: readonly Answer[]): ReloadReport | undefined =>
  answers.flatMap((answer) => (answer.type === 'reloadCommitted' ? [answer.report] : []))[0];
