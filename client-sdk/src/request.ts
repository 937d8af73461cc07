import type { CommandType, Results } from '@sluice/protocol';
import type { Body, Calls } from './calls.ts';
import { clientError } from './errors.ts';
import { after, nothing } from './timer.ts';

export interface RequestOptions {
  /** Milliseconds; `undefined` waits as long as the client lives. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks something, over as many connections as it takes. Only for what may be asked twice: reading, and publishing with a key.
 *
 * @returns rejects with a `SluiceError`, or with the signal's reason; either way nothing is left behind
 */
export function request<Type extends CommandType>(
  calls: Calls,
  body: Body<Type>,
  { timeout, signal }: RequestOptions,
): Promise<Results[Type]> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let forget = nothing;
    const leave = () => {
      forget();
      cancelTimer();
      signal?.removeEventListener('abort', abort);
    };
    const fail = (error: unknown) => {
      leave();
      reject(error);
    };
    const abort = () => fail(signal?.reason);
    const cancelTimer = timeout === undefined ? nothing : after(timeout, () => fail(clientError('timed_out')));
    signal?.addEventListener('abort', abort);
    const succeed = (result: Results[Type]) => {
      leave();
      resolve(result);
    };
    forget = calls.start(body, { resolve: succeed, reject: fail, repeat: true });
  });
}
