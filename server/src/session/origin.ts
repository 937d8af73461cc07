import type { DevAccess } from '../auth/dev-access.ts';
import type { Handshake } from '../transport/connection.ts';

/**
 * May a page of this origin connect? RFC 6455 section 10.2.
 *
 * Programs send no `Origin` and may; a page may when it comes from the gateway's own host, or its origin is listed. In development any port
 * of this machine may too, so that a dev server works.
 *
 * @param origins exact origins like `https://app.example.com`, or `*` for all
 */
export function isOriginAllowed(
  { origin, host }: Handshake,
  origins: readonly string[],
  dev: DevAccess | null,
): boolean {
  if (origin === '' || origins.includes('*') || origins.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.host === host.toLowerCase() || dev?.isOriginAllowed(origin, host) === true;
}
