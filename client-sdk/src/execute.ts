import type { CommandType, Results } from '@sluice/protocol';
import { onAbort } from './abort.ts';
import type { Answer, Body, Calls } from './calls.ts';
import { clientError } from './errors.ts';
import { after, nothing } from './timer.ts';

/** The part of the client that a command uses. */
export interface CommandHost {
  readonly calls: Calls;
  /** Default timeout in milliseconds; `undefined`: until the client is closed. */
  readonly timeout?: number;
  /** Connects, if `autoConnect` is set. */
  use(): void;
}

export interface ExecuteOptions {
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** See `Answer`. */
  readonly weight?: number;
}

/**
 * Sends a command, on several connections if necessary. Only for commands that may be repeated:
 * reads, and publishes with a key.
 *
 * @returns rejects with a `SluiceError`, or with the signal's reason; after the timeout, with what delayed it
 */
export function execute<Type extends CommandType>(
  this: CommandHost,
  body: Body<Type>,
  { timeout = this.timeout, signal, weight }: ExecuteOptions = {},
): Promise<Results[Type]> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw signal.reason;
    let forget = nothing;
    const settle =
      <Value>(act: (value: Value) => void) =>
      (value: Value) => {
        forget();
        cancelTimer();
        ignore();
        act(value);
      };
    const fail = settle(reject);
    // Longer timers fire at once, so they count as unlimited, like `undefined`, which is not less than a number.
    const cancelTimer =
      (timeout as number) < 2 ** 31
        ? after(timeout as number, () => fail(this.calls.failure ?? answer.refused ?? clientError('timed_out')))
        : nothing;
    const ignore = onAbort(signal, () => fail(signal?.reason));
    const answer: Answer<Type> = { accept: settle(resolve), refuse: fail, resend: true, weight };
    forget = this.calls.start(body, answer);
    this.use();
  });
}
