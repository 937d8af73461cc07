import type { DevAccess } from '../auth/dev-access.ts';
import type { Handshake } from '../transport/connection.ts';
import { isOriginOf, normalizeOrigin } from '../util/origin.ts';

/** What a handshake says about the page and the requested host. */
export type Visiting = Pick<Handshake, 'origin' | 'host' | 'forwardedHosts'>;

/**
 * May a page of this origin connect? RFC 6455 section 10.2.
 *
 * Programs send no `Origin` and are accepted. A page is accepted if it comes from a host of the
 * gateway, or its origin is listed. In development every port of this machine is accepted, so that
 * a dev server works.
 *
 * @param origins as `normalizeOrigin` returns them, or `*` for all
 */
export function isOriginAllowed(
  { origin, host, forwardedHosts = [] }: Visiting,
  origins: readonly string[],
  dev: DevAccess | null,
): boolean {
  if (origin === '' || origins.includes('*')) return true;
  const normal = normalizeOrigin(origin);
  if (normal === null) return false;
  if (origins.includes(normal) || [host, ...forwardedHosts].some((own) => isOriginOf(normal, own))) return true;
  return dev?.isOriginAllowed(origin, host) === true;
}
