import { CLIENT_ERRORS, type ClientErrorName, type ErrorBody, type ErrorName, type Issue } from '@sluice/protocol';

/** The stable name of an error: those of the catalogue, those of this library, and what a newer gateway may add. */
export type SluiceErrorName = ErrorName | ClientErrorName | (string & {});

/**
 * Every error that this library gives you, whether the gateway refused something or the connection failed.
 * Compare `name`; show `message` to people.
 *
 * @example
 * import { SluiceError } from '@sluice/client';
 *
 * try {
 *   await client.channel('chat:lobby').publish({ text: 'Hello' });
 * } catch (error) {
 *   if (error instanceof SluiceError && error.name === 'permission_denied') showReadOnly();
 *   else throw error;
 * }
 */
export class SluiceError extends Error {
  declare readonly name: SluiceErrorName;
  /** The number of the error in the catalogue, e.g. 4306; its range is explained in SPEC.md section 8. */
  declare readonly code: number;
  /** May the same thing be tried again, unchanged, later? */
  declare readonly retryable: boolean;
  /** Milliseconds to wait before trying again, where the gateway said so. */
  declare readonly retryAfter: number | undefined;
  /** With `payload_invalid`: what the channel's schema found wrong, where it has one. */
  declare readonly issues: readonly Issue[] | undefined;

  constructor({ message, ...detail }: ErrorBody, cause?: unknown) {
    super(message, { cause });
    Object.assign(this, detail);
  }
}

/** An error of this library's own. A cause that is a string replaces the catalogue's sentence by one that says where. */
export function clientError(name: keyof typeof CLIENT_ERRORS, cause?: unknown): SluiceError {
  const kind = CLIENT_ERRORS[name];
  if (typeof cause !== 'string') return new SluiceError({ ...kind, name }, cause);
  return new SluiceError({ ...kind, name, message: cause });
}

/** An error of the gateway's catalogue that it does not have to be asked for. */
export function refusal(code: number, name: ErrorName, message: string): SluiceError {
  return new SluiceError({ code, name, message, retryable: false });
}

/** Does it ask for another token? SPEC.md section 8.2. */
export function isOfToken({ code }: SluiceError): boolean {
  return code >= 4100 && code < 4200;
}

/** The error behind a close of the WebSocket: the gateway's, where the code is one of ours, otherwise `connection_lost`. */
export function closeError(code: number, reason: string): SluiceError {
  const message = `Closed: ${code} ${reason}`.trim();
  if (code < 4000 || code > 4299) return clientError('connection_lost', message);
  // The reason is `name: what is wrong`. SPEC.md section 8.2.
  return new SluiceError({ code, name: reason.split(':')[0] as string, message, retryable: code < 4100 });
}
