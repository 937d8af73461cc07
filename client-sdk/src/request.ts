import type { CommandType, Results } from '@sluice/protocol';
import type { Body, Calls } from './calls.ts';
import { clientError } from './errors.ts';
import { after, type Cancel } from './timer.ts';

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
  const leave: Cancel[] = [];
  const answer = new Promise<Results[Type]>((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort);
    leave.push(calls.start(body, { resolve, reject, repeat: true }), () => signal?.removeEventListener('abort', abort));
    if (timeout !== undefined) leave.push(after(timeout, () => reject(clientError('timed_out'))));
  });
  return answer.finally(() => {
    for (const step of leave) step();
  });
}
