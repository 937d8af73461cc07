import { ERROR_DOCS, ERRORS, type ErrorBody, type ErrorName, errorBody } from '@sluice/protocol';
import type { Refusal } from '../refusal.ts';
import { type HttpReply, jsonReply, later } from '../transport/http.ts';

/**
 * An error of the catalogue as an HTTP reply: `{ "error": { code, name, message, remedy, retryable,
 * docs } }`. The time of a retry is also in `Retry-After`, in seconds.
 */
export function errorReply(refusal: Refusal, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return errorBodyReply(refusal.body, headers);
}

/** Same as `errorReply`, for an error from a session. */
export function errorBodyReply(body: ErrorBody, headers: Readonly<Record<string, string>> = {}): HttpReply {
  const { status } = ERRORS[body.name as ErrorName];
  return jsonReply(status, { error: explained(body) }, { ...later(body.retryAfter), ...headers });
}

/** The reply to a bug in the gateway. */
export function internalReply(): HttpReply {
  return jsonReply(ERRORS.internal.status, { error: explained(errorBody('internal')) });
}

/** An error of the catalogue beside other fields of a reply. */
export const errorField = (refusal: Refusal): { readonly error: ErrorBody } => ({ error: explained(refusal.body) });

function explained(body: ErrorBody): ErrorBody & { readonly docs: string } {
  return { ...body, docs: ERROR_DOCS + body.name };
}
