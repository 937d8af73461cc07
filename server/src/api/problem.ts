import { ERRORS, type ErrorBody, type ErrorName } from '@sluice/protocol';
import type { HttpReply, RequestHead } from '../transport/http.ts';

const TYPE = 'application/problem+json';
const ASKED = /\bapplication\/problem\+json\b/i;

/** An error as problem details (RFC 9457) if the caller accepts them; any other reply as it is. */
export function asProblem({ headers }: RequestHead, reply: HttpReply): HttpReply {
  const { status, body } = reply;
  if (status < 400 || typeof body !== 'string' || !ASKED.test(headers.get('accept') ?? '')) return reply;
  const { error } = JSON.parse(body) as { readonly error?: ErrorBody & { readonly docs: string } };
  if (error === undefined) return reply;
  const { docs, message, ...rest } = error;
  const problem = { type: docs, title: ERRORS[error.name as ErrorName].message, status, detail: message, ...rest };
  return { ...reply, headers: { ...reply.headers, 'Content-Type': TYPE }, body: JSON.stringify(problem) };
}
