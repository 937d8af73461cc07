import {
  CLIENT_ERROR_NAMES,
  CLIENT_RETRYABLE,
  CLIENT_SENTENCES,
  type ClientErrorName,
  ERROR_DOCS,
  type ErrorBody,
  type ErrorName,
  FIRST_CLIENT_CODE,
  type Issue,
  type Position,
  type ResponderError,
} from '@sluice/protocol';
import { FIRST_CLOSE, FIRST_EXPIRY, FIRST_OF_COMMANDS, FIRST_PERMANENT } from './codes.ts';

/** The stable name of an error: of the catalogue, of this library, or of a newer gateway. */
export type SluiceErrorName = ErrorName | ClientErrorName | (string & {});

/**
 * The class of all errors of this library, whether the gateway refused something or the connection
 * failed. Compare `name`; show `message` to people.
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
  /** The error's code in the catalogue, e.g. 4306. SPEC.md section 8 explains the ranges. */
  declare readonly code: number;
  /** How to fix it, for the developer. */
  declare readonly remedy: string;
  /** May the same call be retried, unchanged, later? */
  declare readonly retryable: boolean;
  /** Milliseconds to wait before a retry, if the gateway sent it. */
  declare readonly retryAfter: number | undefined;
  /** Where the documentation explains it: a file of the repository, and an anchor. */
  declare readonly docs: string;
  /** With `payload_invalid`: the issues that the channel's schema found, if it has one. */
  declare readonly issues: readonly Issue[] | undefined;
  /** With `conflict`: the head of the log. */
  declare readonly head: Position | undefined;
  /** With `responder_failed`: the error of the responder. */
  declare readonly responder: ResponderError | undefined;

  constructor({ message, ...detail }: ErrorBody, cause?: unknown) {
    super(message, { cause });
    const docs = ERROR_DOCS + detail.name;
    Object.assign(this, { docs, remedy: `See ${docs}` }, detail);
  }

  /** The result of `JSON.stringify`, e.g. for a log: everything except the cause and the stack. */
  toJSON(): object {
    return { ...this, message: this.message };
  }
}

/**
 * Is it an error of this library, and if names are passed, with one of them?
 *
 * @example
 * import { isSluiceError } from '@sluice/client';
 *
 * try {
 *   await client.channel('chat:lobby').publish({ text: 'Hello' });
 * } catch (error) {
 *   if (isSluiceError(error, 'permission_denied')) showReadOnly();
 *   else throw error;
 * }
 */
export function isSluiceError<Name extends SluiceErrorName>(
  error: unknown,
  ...names: readonly Name[]
): error is SluiceError & { readonly name: Name } {
  return error instanceof SluiceError && (!names[0] || names.includes(error.name as Name));
}

/** Creates an error of the client. `message` replaces the catalogue's, to add where it happened. */
export function clientError(name: keyof typeof CLIENT_SENTENCES, message?: string, cause?: unknown): SluiceError;
export function clientError(name: (typeof CLIENT_ERROR_NAMES)[number], message: string, cause?: unknown): SluiceError;
export function clientError(
  name: (typeof CLIENT_ERROR_NAMES)[number],
  message = (CLIENT_SENTENCES as Readonly<Record<string, string>>)[name] as string,
  cause?: unknown,
): SluiceError {
  const code = FIRST_CLIENT_CODE + CLIENT_ERROR_NAMES.indexOf(name);
  return new SluiceError({ code, name, message, retryable: CLIENT_RETRYABLE.includes(code) }, cause);
}

/** Creates an error of the gateway's catalogue, without a round trip. */
export function refusal(code: number, name: ErrorName, message: string): SluiceError {
  return new SluiceError({ code, name, message, retryable: false });
}

/** Has the token expired, so that a new one is needed? SPEC.md section 8.2. */
export function hasRunOut({ code }: SluiceError): boolean {
  return code >= FIRST_EXPIRY && code < FIRST_PERMANENT;
}

/** Is it about the token? */
export function isOfToken({ name }: SluiceError): boolean {
  return name.startsWith('token_');
}

/**
 * Returns the error for a close of the WebSocket: the gateway's, if the code is in the catalogue,
 * otherwise `connection_lost`. The reason begins with the name, up to a colon. SPEC.md section 8.2.
 */
export function closeError(code: number, reason: string): SluiceError {
  const message = `Closed: ${code} ${reason}`.trim();
  if (code < FIRST_CLOSE || code >= FIRST_OF_COMMANDS) return clientError('connection_lost', message);
  const name = reason.replace(/:.*/s, '');
  return new SluiceError({ code, name, message, retryable: code < FIRST_EXPIRY });
}
