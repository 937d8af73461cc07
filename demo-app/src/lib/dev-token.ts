/** What development mode hands out. */
export interface DevToken {
  /** A JWT whose `sub` is the name that was asked for. */
  readonly token: string;
  /** Key of the HTTP API, so that the page can show a curl line that works. */
  readonly apiKey?: string;
}

/** The gateway does not run in development mode: it hands out no tokens. */
export class DevTokensOff extends Error {
  override name = 'DevTokensOff';
}

/**
 * Asks the gateway for a token. Only `sluice serve --dev` answers; a real application asks its own backend, which knows
 * who is signed in.
 *
 * @throws {DevTokensOff} when development mode is off
 */
export async function fetchDevToken(user: string): Promise<DevToken> {
  const response = await fetch(`/dev/token?sub=${encodeURIComponent(user)}`, { cache: 'no-store' });
  if (response.status === 404) throw new DevTokensOff('GET /dev/token answered 404: development mode is off');
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new Error(reasonIn(answer) ?? `GET /dev/token answered ${response.status}`);
  if (!isDevToken(answer)) throw new Error('GET /dev/token answered without a token');
  return answer;
}

/** Reads the `sub` of a token without verifying it: the gateway does that; this only names the window. */
export function subjectOf(token: string): string | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const claims: unknown = JSON.parse(atob(payload));
    if (typeof claims === 'object' && claims !== null && 'sub' in claims && typeof claims.sub === 'string') {
      return claims.sub;
    }
  } catch {
    // A token that cannot be read names nobody; the gateway will say what is wrong with it.
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
