import type { Pattern } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import { permitsPattern } from '../auth/pattern-permissions.ts';
import type { ApiKeys } from '../auth/secrets.ts';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import type { Manage } from '../manage/manage.ts';
import { Refusal } from '../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../transport/http.ts';
import type { Answer } from './backend.ts';
import { authenticate, type TokenVerifier } from './credentials.ts';
import { errorReply } from './errors.ts';
import { readPattern } from './fields.ts';

/** What the routes for operators need. */
export interface ManageServices {
  readonly apiKeys: ApiKeys;
  readonly verifier: TokenVerifier;
  readonly manage: Manage;
}

/** The pattern of all channels. */
export const EVERYTHING = '**';

/**
 * Runs `act` for a caller who may manage all channels of the pattern: an API key, or a user whose
 * token grants `manage`.
 *
 * @param pattern or how to read it from the body, once the caller is known
 */
export async function asManager(
  request: Request,
  services: Pick<ManageServices, 'apiKeys' | 'verifier'>,
  pattern: string | (() => Promise<unknown>),
  act: (by: Identity) => Answer | Promise<Answer>,
): Promise<HttpReply> {
  const authorized = await authorizeManager(request, services, pattern);
  if (!('by' in authorized)) return authorized;
  try {
    const answer = await act(authorized.by);
    return answer instanceof Refusal ? errorReply(answer) : jsonReply(200, answer);
  } catch (error) {
    return errorReply(refuseUnavailable(error));
  }
}

/** The caller, if it may manage all channels of the pattern; otherwise the reply that refuses it. */
export async function authorizeManager(
  request: Request,
  services: Pick<ManageServices, 'apiKeys' | 'verifier'>,
  pattern: string | (() => Promise<unknown>),
): Promise<{ readonly by: Identity } | HttpReply> {
  const by = await authenticate(request, services);
  if (by instanceof Refusal) return errorReply(by, { 'WWW-Authenticate': 'Bearer' });
  const source = typeof pattern === 'string' ? pattern : await pattern();
  const parsed = source instanceof Refusal ? source : readPattern(source);
  if (parsed instanceof Refusal) return errorReply(parsed);
  const refusal = refuse(by, parsed);
  return refusal === null ? { by } : errorReply(refusal);
}

/** Why the caller may not manage all channels of a pattern; `null`: it is permitted. */
export function refuseManaging(by: Identity, source: string): Refusal | null {
  const parsed = readPattern(source);
  return parsed instanceof Refusal ? parsed : refuse(by, parsed);
}

const refuse = (by: Identity, pattern: Pattern): Refusal | null =>
  permitsPattern(by, 'manage', pattern) ? null : forbid(by, pattern.source);

function forbid({ name, user }: Identity, pattern: string): Refusal {
  const who = name === undefined ? `user "${user}"` : `the API key "${name}"`;
  const advice = `Its "caps" must grant "manage" on "${pattern}", or on a pattern that covers it`;
  return new Refusal('permission_denied', `"manage" on "${pattern}" is not allowed to ${who}. ${advice}`);
}
