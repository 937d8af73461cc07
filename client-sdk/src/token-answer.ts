// SPEC.md section 4.1. Text that begins like HTML or JSON is not a token.
const TOKEN = /^[^<{["].{0,16383}$/s;

/** Fetches a token from the backend, with the page's cookies, never from a cache. `timeout`: milliseconds. */
export async function fetchToken(url: string | URL, timeout: number): Promise<string> {
  // Later than the caller's own timeout, which has the better message. Older browsers lack this.
  const signal = AbortSignal.timeout?.(timeout + 1000);
  const response = await fetch(url, { cache: 'no-store', signal });
  if (response.ok) return response.text();
  throw new Error(`Status ${response.status}.`);
}

/**
 * Converts what the application returned to a token: text, `{ token }`, or either of them as JSON.
 *
 * @returns `undefined` if it contains no token
 */
export function readToken(given: unknown): string | undefined {
  let found = given;
  try {
    // A JSON response that was read as text.
    found = JSON.parse(given as string);
  } catch {}
  found = (found as { readonly token?: unknown } | undefined | null)?.token ?? found;
  const token = typeof found === 'string' ? found.trim() : '';
  return TOKEN.test(token) ? token : undefined;
}
