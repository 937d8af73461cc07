import { ERROR_DOCS, ERRORS, type ErrorBody, errorBody } from '@sluice/protocol';
import type { Refusal } from '../refusal.ts';
import { jsonReply, type Reply } from '../transport/http.ts';

/**
 * An error of the catalogue as an HTTP reply: `{ "error": { code, name, message, remedy, retryable, docs } }`. When to try again also goes as
 * `Retry-After`, in seconds.
 */
export function errorReply(refusal: Refusal, headers: Readonly<Record<string, string>> = {}): Reply {
  const { retryAfter } = refusal;
  const later = retryAfter === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfter / 1000)) };
  return jsonReply(ERRORS[refusal.error].status, { error: explained(refusal.body) }, { ...later, ...headers });
}

/** The reply to a mistake of ours. */
export function internalReply(): Reply {
  return jsonReply(ERRORS.internal.status, { error: explained(errorBody('internal')) });
}

function explained(body: ErrorBody): ErrorBody & { readonly docs: string } {
  return { ...body, docs: ERROR_DOCS + body.name };
}
