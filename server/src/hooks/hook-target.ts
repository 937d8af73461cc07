import type { HookCall, HookKind } from '../hook.ts';
import type { CallFailed } from '../outgoing/call-failed.ts';
import type { HookAnswer } from './hook-answer.ts';

/** How a hook is called. */
export interface HookSending {
  /** Milliseconds. */
  readonly timeout: number;
  /** The W3C trace context of the operation, if it has one. */
  readonly traceparent: string | undefined;
}

/** The questions that one client asks together. */
export interface HookBatch extends HookSending {
  readonly kind: HookKind;
  readonly calls: readonly HookCall[];
  /** Checks one answer. The target calls it, because an invalid answer is a failure of the target. */
  readonly read: (answer: unknown) => HookAnswer | CallFailed;
}

/** What answers the questions of a hook: a backend over HTTP, or functions of the program. */
export interface HookTarget {
  /** Is it not called at the moment, because it has failed several times in a row? */
  readonly isPaused: boolean;
  /**
   * Asks.
   *
   * @returns one answer for each call; why there is none in place of an answer that failed alone
   * @throws CallFailed
   */
  ask(batch: HookBatch): Promise<readonly (HookAnswer | CallFailed)[]>;
  /**
   * Asks something else than a decision, with a body of its own. Absent: it cannot be asked that.
   *
   * @param options `read` checks the answer, and throws `CallFailed` if it is invalid
   * @throws CallFailed
   */
  send?<Answer>(body: object, options: HookSending & { readonly read: (answer: unknown) => Answer }): Promise<Answer>;
  close(): void;
}
