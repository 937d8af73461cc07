import type { CommandType, Results } from '@sluice/protocol';
import { onAbort } from './abort.ts';
import type { Body, Calls } from './calls.ts';
import { clientError } from './errors.ts';
import { after, nothing } from './timer.ts';

/** What a request needs of the client. */
export interface Asking {
  readonly calls: Calls;
  /** Milliseconds, where the request itself says nothing; `undefined` waits as long as the client lives. */
  readonly timeout?: number;
  /** The client is being used: connects, where it should do so by itself. */
  use(): void;
}

export interface RequestOptions {
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Keeps the order of the calls to a channel, and tries again where the gateway says that it was too much; see `Answer`. */
  readonly weight?: number;
}

/**
 * Asks something, over as many connections as it takes. Only for what may be asked twice: reading, and publishing with a key.
 *
 * @returns rejects with a `SluiceError`, or with the signal's reason; either way nothing is left behind
 */
export function request<Type extends CommandType>(
  host: Asking,
  body: Body<Type>,
  { timeout = host.timeout, signal, weight }: RequestOptions = {},
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
    // A timer that is to wait longer fires at once: 24 days are for ever, and so is `undefined`, which is not less than anything.
    const cancelTimer =
      (timeout as number) < 2 ** 31
        ? after(timeout as number, () => fail(host.calls.failure ?? clientError('timed_out')))
        : nothing;
    const ignore = onAbort(signal, () => fail(signal?.reason));
    forget = host.calls.start(body, { accept: settle(resolve), refuse: fail, resend: true, weight });
    host.use();
  });
}
