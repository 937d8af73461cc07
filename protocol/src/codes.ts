/**
 * The catalogue of errors and close codes: the only place where one is defined. SPEC.md section 8, `docs/errors.md`
 * (generated), the gateway, the HTTP API and the SDK all read this table.
 *
 * A code's range says what a client does when a connection closes with it:
 *
 * | range     | meaning                                             |
 * | --------- | --------------------------------------------------- |
 * | 4000–4099 | temporary: reconnect with backoff                   |
 * | 4100–4199 | the token: fetch a new one, then reconnect          |
 * | 4200–4299 | final: do not reconnect, the application must change |
 * | 4300–4399 | refusal of one command: never closes a connection   |
 * | 4400–4499 | of a client library: never on the wire              |
 */

import { COMMAND_ERRORS } from './command-errors.ts';
import { CONNECTION_ERRORS } from './connection-errors.ts';
import type { ErrorBody } from './replies.ts';

export const ERRORS = { ...CONNECTION_ERRORS, ...COMMAND_ERRORS } as const;

/** The names of the errors that a gateway sends. */
export type ErrorName = keyof typeof ERRORS;

/** The URL of an error's documentation, without the error's name at its end. */
export const ERROR_DOCS = 'docs/errors.md#';

/**
 * Builds the wire form of an error.
 *
 * @param name entry of the catalogue
 * @param detail replaces the catalogue's message with a more specific one; never a token or a
 *   payload
 * @param retryAfter milliseconds to wait before a retry
 */
export function errorBody(name: ErrorName, detail?: string, retryAfter?: number): ErrorBody {
  const { code, message, remedy, retryable } = ERRORS[name];
  const body = { code, name, message: detail ?? message, remedy, retryable };
  return retryAfter === undefined ? body : { ...body, retryAfter };
}
