import { afterClose, CLIENT_ERRORS, type ClientErrorName, type ErrorBody, type ErrorName } from '@sluice/protocol';

/** The stable name of an error: those of the catalogue, those of this library, and what a newer gateway may add. */
export type SluiceErrorName = ErrorName | ClientErrorName | (string & {});

/**
 * Every error that this library gives you, whether the gateway refused something or the connection failed.
 * Compare `name`; show `message` to people.
 *
 * @example
 * try {
 *   await client.channel('chat:lobby').publish({ text: 'Hello' });
 * } catch (error) {
 *   if (error instanceof SluiceError && error.name === 'permission_denied') showReadOnly();
 *   else throw error;
 * }
 */
export class SluiceError extends Error {
  override readonly name: SluiceErrorName;
  /** The number of the error in the catalogue, e.g. 4306; its range is explained in SPEC.md section 8. */
  readonly code: number;
  /** May the same thing be tried again, unchanged, later? */
  readonly retryable: boolean;
  /** Milliseconds to wait before trying again, where the gateway said so. */
  readonly retryAfter: number | undefined;

  constructor(body: ErrorBody, cause?: unknown) {
    super(body.message, cause === undefined ? undefined : { cause });
    this.name = body.name;
    this.code = body.code;
    this.retryable = body.retryable;
    this.retryAfter = body.retryAfter;
  }
}

/** An error of this library's own. A cause that is a string replaces the catalogue's sentence by one that says where. */
export function clientError(name: ClientErrorName, cause?: unknown): SluiceError {
  const kind = CLIENT_ERRORS[name];
  if (typeof cause !== 'string') return new SluiceError({ ...kind, name }, cause);
  return new SluiceError({ ...kind, name, message: cause });
}

/** The error behind a close of the WebSocket: the gateway's, where the code is one of ours, otherwise `connection_lost`. */
export function closeError(code: number, reason: string): SluiceError {
  const message = `The connection was closed: ${reason || 'no reason given'} (code ${code}).`;
  if (code < 4000 || code > 4299) return clientError('connection_lost', message);
  return new SluiceError({ code, name: reason, message, retryable: afterClose(code) === 'reconnect' });
}
