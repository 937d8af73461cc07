/**
 * How a call over HTTP fails: `timeout` — no complete answer in time; `unreachable` — no connection;
 * `address` — an address that is not permitted; `redirect`; `status` — not 2xx; `too_large` — an
 * answer beyond the limit; `invalid` — an answer that cannot be read; `open` — the circuit breaker
 * is open; `overloaded` — too many calls wait.
 */
export type CallFailure =
  | 'timeout'
  | 'unreachable'
  | 'address'
  | 'redirect'
  | 'status'
  | 'too_large'
  | 'invalid'
  | 'open'
  | 'overloaded';

/** A call that has failed. Its message never contains a body, a secret or a query. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly failure: CallFailure;
  readonly status: number | undefined;
  /** Milliseconds until the other side wants to be called again. */
  readonly retryAfter: number | undefined;

  constructor(
    failure: CallFailure,
    message: string,
    { status, retryAfter }: { readonly status?: number; readonly retryAfter?: number | undefined } = {},
  ) {
    super(message);
    this.failure = failure;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
