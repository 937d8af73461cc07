import { checkData, markLongNumbers, userNameFault } from '@sluice/protocol';
import type { DevAccess } from '../../auth/dev-access.ts';
import { parseCapabilities } from '../../auth/identity.ts';
import { mintToken } from '../../auth/mint.ts';
import { Refusal } from '../../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import { errorReply } from '../errors.ts';
import { refuseOptions } from '../query.ts';

/** Default lifetime of a development token, in seconds. */
const LIFETIME = 3600;

export interface DevTokenOptions {
  /** Signs the tokens. */
  readonly secret: string;
  /**
   * The API key generated for this run, which is issued together with tokens. A configured key is
   * never issued.
   */
  readonly apiKey: string | undefined;
  /** Decides which pages may read the response. The router has already checked the `Host`. */
  readonly access: DevAccess;
}

/**
 * `GET /dev/token?sub=ada&caps={"chat:*":["publish"]}&claims={"role":"admin"}&expires=60`: a token
 * for any user, and the API key if it was generated for this run. Only in development mode.
 */
export function devToken({ secret, apiKey, access }: DevTokenOptions): (request: Request) => Promise<HttpReply> {
  return async (request) => {
    const origin = request.headers.get('origin') ?? '';
    if (origin !== '' && !access.isOriginAllowed(origin, request.headers.get('host') ?? '')) {
      const page = origin.slice(0, 100);
      return errorReply(
        new Refusal(
          'origin_refused',
          `"${page}" is not of this machine: only its own pages may read development tokens`,
        ),
      );
    }
    const reply = await handOut(request, { secret, apiKey });
    return { ...reply, headers: { ...reply.headers, ...shareWith(origin) } };
  };
}

async function handOut({ query }: Request, { secret, apiKey }: Omit<DevTokenOptions, 'access'>): Promise<HttpReply> {
  const wish = readWish(query);
  if (wish instanceof Refusal) return errorReply(wish);
  const { lifetime, ...rest } = wish;
  const expiresIn = lifetime * 1000;
  const token = await mintToken({ secret, algorithm: 'HS256', expiresIn, ...rest });
  return jsonReply(200, { token, expiresAt: Date.now() + expiresIn, apiKey });
}

/**
 * A page on another port of this machine, such as a bundler's development server, may read the
 * response too.
 */
const shareWith = (origin: string): Record<string, string> =>
  origin === '' ? { Vary: 'Origin' } : { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' };

interface Wish {
  readonly sub: string;
  readonly caps?: Record<string, readonly string[]>;
  readonly claims: Record<string, unknown>;
  /** Seconds. */
  readonly lifetime: number;
}

const OPTIONS = ['sub', 'expires', 'claims', 'caps'];

function readWish(query: URLSearchParams): Wish | Refusal {
  const strange = refuseOptions(query, OPTIONS);
  if (strange !== null) return strange;
  const invalid = (detail: string) => new Refusal('command_invalid', detail);
  const sub = query.get('sub') ?? '';
  const fault = userNameFault(sub);
  if (fault !== null) return invalid(`"sub" ${fault}. It names the user, e.g. /dev/token?sub=ada`);
  const lifetime = Number(query.get('expires') ?? LIFETIME);
  if (!(lifetime > 0 && lifetime <= 86_400)) return invalid('"expires" must be a number of seconds, at most 86400');
  const claims = parseObject(query.get('claims') ?? '{}');
  if (claims === null) return invalid('"claims" must be a JSON object');
  // A rounded number would be the claim of somebody else.
  const rounded = checkData(claims);
  if (rounded !== null) return invalid(rounded.replace(/^data/, '"claims"'));
  const caps = parseObject(query.get('caps') ?? '{}');
  if (caps === null) return invalid('"caps" must be a JSON object, e.g. {"chat:*":["subscribe","publish"]}');
  const capabilities = parseCapabilities(caps);
  if (typeof capabilities === 'string') return invalid(capabilities);
  return capabilities.length === 0
    ? { sub, lifetime, claims }
    : { sub, lifetime, claims, caps: caps as Record<string, readonly string[]> };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(markLongNumbers(text));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
