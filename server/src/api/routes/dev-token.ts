import type { DevAccess } from '../../auth/dev-access.ts';
import { parseCapabilities } from '../../auth/identity.ts';
import { mintToken } from '../../auth/mint.ts';
import { Refusal } from '../../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import { errorReply } from '../errors.ts';

/** Lifetime of a development token when none is asked for, in seconds. */
const LIFETIME = 3600;

export interface DevTokenOptions {
  /** Signs the tokens. */
  readonly secret: string;
  /** The one made for this run, handed out beside them; one that somebody has chosen is not. */
  readonly apiKey: string | undefined;
  /** Which pages may read what is handed out. The router has checked under which name the gateway is reached. */
  readonly access: DevAccess;
}

/**
 * `GET /dev/token?sub=ada&caps={"chat:*":["publish"]}&claims={"role":"admin"}&expires=60`: a token for anybody, and the API key
 * that was made for this run, if one was. Exists in development mode only.
 */
export function devToken({ secret, apiKey, access }: DevTokenOptions): (request: Request) => Promise<HttpReply> {
  return async (request) => {
    const origin = request.headers.get('origin') ?? '';
    if (origin !== '' && !access.isOriginAllowed(origin, request.headers.get('host') ?? '')) {
      const page = origin.slice(0, 100);
      return errorReply(
        new Refusal(
          'origin_refused',
          `"${page}" is not of this machine: development tokens are for its own pages only`,
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

/** A page on another port of this machine, where a bundler serves it while it is being written, may read the answer too. */
const shareWith = (origin: string): Record<string, string> =>
  origin === '' ? { Vary: 'Origin' } : { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' };

interface Wish {
  readonly sub: string;
  readonly caps?: Record<string, readonly string[]>;
  readonly claims: Record<string, unknown>;
  /** Seconds. */
  readonly lifetime: number;
}

function readWish(query: URLSearchParams): Wish | Refusal {
  const invalid = (detail: string) => new Refusal('command_invalid', detail);
  const sub = query.get('sub') ?? '';
  if (sub === '' || sub.length > 200) return invalid('"sub" must name the user, e.g. /dev/token?sub=ada');
  const lifetime = Number(query.get('expires') ?? LIFETIME);
  if (!(lifetime > 0 && lifetime <= 86_400)) return invalid('"expires" must be a number of seconds, at most 86400');
  const claims = parseObject(query.get('claims') ?? '{}');
  if (claims === null) return invalid('"claims" must be a JSON object');
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
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
