// SPEC.md section 4.1; and nothing that begins like a page or like JSON.
const TOKEN = /^[^<{["].{0,16383}$/s;

/** Asks a route of the application's backend: with the page's cookies, and never from a cache. `timeout` in milliseconds. */
export async function fetchToken(url: string | URL, timeout: number): Promise<string> {
  // Later than the one who waits for it gives up, and says so. Older browsers have no such signal.
  const signal = AbortSignal.timeout?.(timeout + 1000);
  const response = await fetch(url, { cache: 'no-store', signal });
  if (response.ok) return response.text();
  throw new Error(`The route answered ${response.status}.`);
}

/**
 * Makes a token of what the application gave: text, `{ token }`, or either of them as JSON.
 *
 * @returns `undefined` where it is none
 */
export function readToken(given: unknown): string | undefined {
  let found = given;
  try {
    // An answer that was read as text, though it is JSON.
    found = JSON.parse(given as string);
  } catch {}
  found = (found as { readonly token?: unknown } | undefined | null)?.token ?? found;
  const token = typeof found === 'string' ? found.trim() : '';
  return TOKEN.test(token) ? token : undefined;
}

/** What came in place of a token; nothing of it that could be a secret. */
export function describe(given: unknown): string {
  if (typeof given !== 'string') return given === null ? 'null' : typeof given;
  const text = given.trim();
  return text[0] === '<' ? `HTML: ${text.slice(0, 9)}` : `${text.length} characters`;
}
