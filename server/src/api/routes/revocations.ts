import { LIMITS } from '@sluice/protocol';
import type { ApiKeys } from '../../auth/secrets.ts';
import { refuseUnavailable } from '../../channels/refuse-unavailable.ts';
import type { Revocation, RevocationStore } from '../../engine/revocations.ts';
import type { PageQuery } from '../../manage/manage.ts';
import type { RevocationList } from '../../manage/revocation-list.ts';
import { Refusal } from '../../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import type { Clock } from '../../util/clock.ts';
import { pastFault } from '../../util/moment.ts';
import { readJson } from '../body.ts';
import { authenticate, needsKey, type TokenVerifier } from '../credentials.ts';
import { errorReply } from '../errors.ts';
import { readNumbers } from '../query.ts';

export interface RevocationServices {
  readonly apiKeys: ApiKeys;
  readonly verifier: TokenVerifier;
  readonly revocations: RevocationStore;
  readonly clock: Clock;
}

export interface RevocationListServices extends Pick<RevocationServices, 'apiKeys' | 'verifier'> {
  readonly revocationList: Pick<RevocationList, 'page'>;
}

const DAY = 86_400_000;
/** Default milliseconds for which a revocation is remembered. */
const REMEMBERED = 30 * DAY;
const LONGEST = 3_650 * DAY;
const LONGEST_NAME = 1_000;

const wrong = (detail: string): Refusal => new Refusal('command_invalid', detail);
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME;
const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * Parses `{ user?, jti?, before?, until? }`. Only a user means: the tokens that were issued until
 * now.
 */
export function readRevocation(value: unknown, now: number): Revocation | Refusal {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return wrong('the body must be an object { user?, jti?, before?, until? }');
  }
  const { user, jti, before, until = now + REMEMBERED, ...unknown } = value as Readonly<Record<string, unknown>>;
  const [unknownField] = Object.keys(unknown);
  if (unknownField !== undefined) {
    return wrong(`unknown field ${JSON.stringify(unknownField.slice(0, 40))}; allowed: user, jti, before, until`);
  }
  if (user === undefined && jti === undefined && before === undefined) {
    return wrong('one of "user", "jti" and "before" must be given');
  }
  if (user !== undefined && !isName(user)) return wrong('"user" must be a string of 1 to 1000 characters');
  if (jti !== undefined && !isName(jti)) return wrong('"jti" must be a string of 1 to 1000 characters');
  const fault = before === undefined ? null : pastFault('before', before, now);
  if (fault !== null) return wrong(fault);
  if (!isTime(until) || until <= now || until > now + LONGEST) {
    return wrong('"until" must be in the future: milliseconds since the Unix epoch, at most ten years ahead');
  }
  const issued = (before as number | undefined) ?? (jti === undefined ? now : undefined);
  return {
    ...(user === undefined ? undefined : { user }),
    ...(jti === undefined ? undefined : { jti }),
    ...(issued === undefined ? undefined : { before: issued }),
    until,
  };
}

/** `POST /api/v1/revocations`: the tokens are rejected from now on, on every node. */
export function revokeRoute(services: RevocationServices): (request: Request) => Promise<HttpReply> {
  return (request) =>
    asTrusted(request, services, async () => {
      const body = await readJson(request);
      if (body instanceof Refusal) return errorReply(body);
      const revocation = readRevocation(body.value, services.clock.now());
      if (revocation instanceof Refusal) return errorReply(revocation);
      await services.revocations.add(revocation);
      return jsonReply(200, revocation);
    });
}

/** `GET /api/v1/revocations?cursor&limit`: a page of the revocations in force. */
export function listRevocationsRoute(services: RevocationListServices): (request: Request) => Promise<HttpReply> {
  return (request) =>
    asTrusted(request, services, async () => {
      const query = readPageQuery(request.query);
      if (query instanceof Refusal) return errorReply(query);
      const page = await services.revocationList.page(query);
      return page instanceof Refusal ? errorReply(page) : jsonReply(200, page);
    });
}

function readPageQuery(query: URLSearchParams): PageQuery | Refusal {
  const numbers = readNumbers(query, { limit: { min: 1, max: LIMITS.historyPage } }, ['cursor']);
  if (numbers instanceof Refusal) return numbers;
  const cursor = query.get('cursor');
  return cursor === null ? numbers : { ...numbers, cursor };
}

/** Runs only for API keys without capabilities, and reports an unavailable engine. */
export async function asTrusted(
  request: Request,
  services: Pick<RevocationServices, 'apiKeys' | 'verifier'>,
  act: () => Promise<HttpReply>,
): Promise<HttpReply> {
  const by = await authenticate(request, services);
  if (by instanceof Refusal) return errorReply(by, { 'WWW-Authenticate': 'Bearer' });
  if (by.trusted !== true) {
    return errorReply(needsKey());
  }
  return act().catch((error: unknown) => errorReply(refuseUnavailable(error)));
}
