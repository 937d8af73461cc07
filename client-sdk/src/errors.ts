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
} from '@sluice/protocol';

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
  /** What to do about it, for the developer. */
  declare readonly remedy: string;
  /** May the same thing be tried again, unchanged, later? */
  declare readonly retryable: boolean;
  /** Milliseconds to wait before trying again, where the gateway said so. */
  declare readonly retryAfter: number | undefined;
  /** Where the documentation explains it: a page of the repository, and the place in it. */
  declare readonly docs: string;
  /** With `payload_invalid`: what the channel's schema found wrong, where it has one. */
  declare readonly issues: readonly Issue[] | undefined;

  constructor({ message, ...detail }: ErrorBody, cause?: unknown) {
    super(message, { cause });
    const docs = ERROR_DOCS + detail.name;
    Object.assign(this, { docs, remedy: `See ${docs}` }, detail);
  }

  /** What `JSON.stringify` writes, e.g. for a log: everything but the cause and the stack. */
  toJSON(): object {
    return { ...this, message: this.message };
  }
}

/**
 * Is it an error of this library; and if names are given, one of these?
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

/** An error of this library's own. A message replaces the catalogue's sentence by one that says where. */
export function clientError(name: keyof typeof CLIENT_SENTENCES, message?: string, cause?: unknown): SluiceError;
export function clientError(name: (typeof CLIENT_ERROR_NAMES)[number], message: string, cause?: unknown): SluiceError;
export function clientError(
  name: (typeof CLIENT_ERROR_NAMES)[number],
  message = (CLIENT_SENTENCES as Readonly<Record<string, string>>)[name] as string,
  cause?: unknown,
): SluiceError {
  return new SluiceError(
    {
      code: FIRST_CLIENT_CODE + CLIENT_ERROR_NAMES.indexOf(name),
      name,
      message,
      retryable: CLIENT_RETRYABLE.includes(name),
    },
    cause,
  );
}

/** An error of the gateway's catalogue that it does not have to be asked for. */
export function refusal(code: number, name: ErrorName, message: string): SluiceError {
  return new SluiceError({ code, name, message, retryable: false });
}

/** Has the token run out? Then another one will do. SPEC.md section 8.2. */
export function hasRunOut({ code }: SluiceError): boolean {
  return code >= 4100 && code < 4200;
}

/** Is the token of no use, or is there none? */
export function isOfToken({ name }: SluiceError): boolean {
  return name.startsWith('token_');
}

/**
 * The error behind a close of the WebSocket: the gateway's, where the code is one of ours, otherwise `connection_lost`. The name
 * stands before the first colon. SPEC.md section 8.2.
 */
export function closeError(code: number, reason: string): SluiceError {
  const message = `Closed: ${code} ${reason}`.trim();
  if (code < 4000 || code > 4299) return clientError('connection_lost', message);
  const [name = ''] = reason.split(':');
  return new SluiceError({ code, name, message, retryable: code < 4100 });
}
