// What a refreshed token differs in, although it gives the same user the same permissions.
const PASSING = new Set(['iat', 'nbf', 'exp', 'jti']);

/** The claims of a JWT, read without verifying it: that is the gateway's business. `undefined` when it is none. */
export function readClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Names who a token speaks for and what it permits. Two tabs may share a connection exactly when this text is the same:
 * the same user with other permissions is somebody else, and a token that cannot be read is like no other.
 */
export function identityOf(token: string | undefined): string {
  if (token === undefined) return 'anonymous';
  const claims = readClaims(token);
  if (!claims) return `token ${token}`;
  return `claims ${canonical(Object.fromEntries(Object.entries(claims).filter(([name]) => !PASSING.has(name))))}`;
}

/** When a token expires, in milliseconds since the Unix epoch by the clock of its issuer; `undefined` when it does not say. */
export function expiryOf(token: string | undefined): number | undefined {
  const exp = token === undefined ? undefined : readClaims(token)?.exp;
  return typeof exp === 'number' ? exp * 1000 : undefined;
}

/** JSON with the fields in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
