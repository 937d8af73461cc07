import type { FailurePolicy, HookConfig, HookKind } from '../hook.ts';
import type { CallFailed, CallFailure } from '../outgoing/call-failed.ts';

/** What became of the calls of a hook. One call asks all questions that a client has at the same time. */
export interface HookCounts {
  readonly calls: number;
  /** Calls without a valid answer. */
  readonly failed: number;
  /** Of these: without an answer in time. */
  readonly timedOut: number;
  /** Of these: not sent, because the hook is paused, or too many calls waited. */
  readonly notSent: number;
}

/** How a call failed; never what was asked or answered. */
export interface HookError {
  /** The operation that was asked about, or `respond`. */
  readonly operation: string;
  readonly failure: CallFailure;
  /** The HTTP status of the answer, if there was one that is not 2xx. */
  readonly status?: number;
  readonly message: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

/** How long the latest calls took that were sent: at most 100 of each node. */
export interface HookDuration {
  readonly calls: number;
  /** Milliseconds. */
  readonly mean: number;
  /** Milliseconds. */
  readonly longest: number;
}

/** A hook as one node knows it. Counted since the node started. */
export interface HookStatus {
  readonly name: string;
  readonly on: readonly HookKind[];
  readonly channels: readonly string[];
  readonly onFailure: FailurePolicy;
  /** Is the circuit breaker open? Then the hook is not called at the moment. */
  readonly isPaused: boolean;
  /** Calls in a row that were sent and failed. */
  readonly failures: number;
  /** By operation. */
  readonly operations: Readonly<Record<string, HookCounts>>;
  readonly cache: HookCacheCounts;
  readonly duration: HookDuration;
  /** When the hook gave its latest answer: milliseconds since the Unix epoch. */
  readonly lastAnswered?: number;
  readonly lastError?: HookError;
}

/** How often a remembered answer decided. */
export interface HookCacheCounts {
  /** Instead of a call, because its `ttl` had not passed. */
  readonly hits: number;
  /** After a call that failed, because of `onFailure: cached`. */
  readonly fallbacks: number;
}

/** A call that has ended. */
export interface EndedCall {
  readonly operation: string;
  readonly failed: CallFailed | undefined;
  /** Milliseconds. */
  readonly duration: number;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

const MOST_DURATIONS = 100;
export const NO_CALLS: HookCounts = { calls: 0, failed: 0, timedOut: 0, notSent: 0 };

/** What a node remembers of the calls of a hook. It outlives a reload that replaces the hook. */
export class HookRecord {
  readonly #operations = new Map<string, HookCounts>();
  readonly #durations: number[] = [];
  #hits = 0;
  #fallbacks = 0;
  #failures = 0;
  #lastAnswered: number | undefined;
  #lastError: HookError | undefined;

  ended({ operation, failed, duration, time }: EndedCall): void {
    const isSent = failed?.failure !== 'open' && failed?.failure !== 'overloaded';
    this.#count(operation, failed, isSent);
    if (isSent) this.#keepDuration(duration);
    if (failed === undefined) {
      this.#failures = 0;
      this.#lastAnswered = time;
    } else if (failed.failure !== 'open') {
      // That it is not asked says nothing about why.
      if (isSent) this.#failures++;
      const { failure, message, status } = failed;
      this.#lastError = { operation, failure, ...(status !== undefined && { status }), message, time };
    }
  }

  /** A remembered answer has decided instead of a call. */
  hit(): void {
    this.#hits++;
  }

  /** A remembered answer has decided after a call that failed. */
  fellBack(): void {
    this.#fallbacks++;
  }

  status({ name, on, channels, onFailure }: HookConfig, isPaused: boolean): HookStatus {
    return {
      ...{ name, on, channels: channels.map(({ source }) => source), onFailure, isPaused, failures: this.#failures },
      operations: Object.fromEntries(this.#operations),
      cache: { hits: this.#hits, fallbacks: this.#fallbacks },
      duration: durationOf(this.#durations),
      ...(this.#lastAnswered !== undefined && { lastAnswered: this.#lastAnswered }),
      ...(this.#lastError && { lastError: this.#lastError }),
    };
  }

  #count(operation: string, failed: CallFailed | undefined, isSent: boolean): void {
    const before = this.#operations.get(operation) ?? NO_CALLS;
    this.#operations.set(operation, {
      calls: before.calls + 1,
      failed: before.failed + Number(failed !== undefined),
      timedOut: before.timedOut + Number(failed?.failure === 'timeout'),
      notSent: before.notSent + Number(!isSent),
    });
  }

  #keepDuration(duration: number): void {
    if (this.#durations.length >= MOST_DURATIONS) this.#durations.shift();
    this.#durations.push(duration);
  }
}

function durationOf(durations: readonly number[]): HookDuration {
  const calls = durations.length;
  const total = durations.reduce((sum, duration) => sum + duration, 0);
  const mean = calls === 0 ? 0 : Math.round(total / calls);
  return { calls, mean, longest: Math.round(Math.max(0, ...durations)) };
}
