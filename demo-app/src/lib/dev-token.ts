/** The answer of `GET /dev/token` in development mode. */
export interface DevToken {
  /** A JWT whose `sub` is the requested name. */
  readonly token: string;
  /** Key of the HTTP API, so that the page can show a curl line that works. */
  readonly apiKey?: string;
}

/** The gateway does not run in development mode, so it does not issue tokens. */
export class DevTokensOff extends Error {
  override name = 'DevTokensOff';
}

/**
 * Requests a token from the gateway. Only `sluice serve --dev` answers. A real application asks its
 * own backend, which knows who is signed in.
 *
 * @throws {DevTokensOff} when development mode is off
 */
export async function fetchDevToken(user: string): Promise<DevToken> {
  const response = await fetch(`/dev/token?sub=${encodeURIComponent(user)}`, { cache: 'no-store' });
  if (response.status === 404) throw new DevTokensOff('GET /dev/token answered 404: development mode is off');
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new Error(reasonIn(answer) ?? `GET /dev/token answered ${response.status}`);
  if (!isDevToken(answer)) throw new Error('GET /dev/token returned no token');
  return answer;
}

/** Reads the `sub` of a token without verification, only to name the window. The gateway verifies the token. */
export function subjectOf(token: string): string | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const claims: unknown = JSON.parse(atob(payload));
    if (typeof claims === 'object' && claims !== null && 'sub' in claims && typeof claims.sub === 'string') {
      return claims.sub;
    }
  } catch {
    // An unreadable token has no name. The gateway reports what is wrong with it.
  }
  return undefined;
}

/** The message of the gateway's HTTP errors: `{ error: { message } }`. */
function reasonIn(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined;
  const { error } = answer;
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
  return typeof error.message === 'string' ? error.message : undefined;
}

function isDevToken(value: unknown): value is DevToken {
  return typeof value === 'object' && value !== null && 'token' in value && typeof value.token === 'string';
}
