// Claims that change with every refresh without affecting user and permissions.
const PASSING = new Set(['iat', 'nbf', 'exp', 'jti']);

/** Reads the claims of a JWT without verifying it, which the gateway does. `undefined` if it is not a JWT. */
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
 * Returns a text for a token's user and permissions. Two tabs may share a connection only if it is
 * equal: another set of permissions is another identity, and an unreadable token equals no other.
 */
export function identityOf(token: string | undefined): string {
  if (token === undefined) return 'anonymous';
  const claims = readClaims(token);
  if (!claims) return `token ${token}`;
  return `claims ${canonical(Object.fromEntries(Object.entries(claims).filter(([name]) => !PASSING.has(name))))}`;
}

/**
 * A token's expiry in milliseconds since the Unix epoch, by the issuer's clock; `undefined` if it
 * has none.
 */
export function expiryOf(token: string | undefined): number | undefined {
  const exp = token === undefined ? undefined : readClaims(token)?.exp;
  return typeof exp === 'number' ? exp * 1000 : undefined;
}

/** JSON with sorted fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
