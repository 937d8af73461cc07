import type { HookCall, HookKind } from '../hook.ts';

/** The questions that one client asks together. */
export interface HookBatch {
  readonly kind: HookKind;
  readonly calls: readonly HookCall[];
  /** Milliseconds. */
  readonly timeout: number;
  /** The W3C trace context of the operation, if it has one. */
  readonly traceparent: string | undefined;
}

/** What answers the questions of a hook: a backend over HTTP, or functions of the program. */
export interface HookTarget {
  /**
   * Asks.
   *
   * @returns one reply for each call, unchecked; an `Error` in place of a reply that failed alone
   * @throws CallFailed
   */
  ask(batch: HookBatch): Promise<readonly unknown[]>;
  /**
   * Asks something else than a decision, with a body of its own. Absent: it cannot be asked that.
   *
   * @returns what it answered, as JSON
   * @throws CallFailed
   */
  send?(body: object, options: Pick<HookBatch, 'timeout' | 'traceparent'>): Promise<unknown>;
  close(): void;
}
