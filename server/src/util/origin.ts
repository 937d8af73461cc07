/**
 * Origins as browsers write them, and as people do. RFC 6454 section 6.2,
 * https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin
 */

import { parseUrl } from './parse-url.ts';

/** Of pages of the web: host and port follow the rules of URLs. */
const WEB = /^https?:$/;

/** Addresses of WebSockets; no page has them. */
const SOCKET = /^wss?:$/;

const SHAPE = /^([a-z][a-z0-9+.-]*:)\/\/([^\s/?#@\\,*"'<>]*)$/i;

/** Names hosts, ids of extensions, and the `.` of `app://.`. */
const APP_HOST = /^[a-z0-9._~-]*(?::\d{1,5})?$/i;

/** Schemes whose origins have no host. */
const HOSTLESS = new Set(['file:']);

/**
 * The one form of an origin: lower case, names in Punycode, no default port. Origins of app shells
 * (`capacitor://localhost`, `chrome-extension://…`, `app://.`, `file://`) and `null` are origins,
 * too.
 *
 * @returns `null` if it is not an origin
 */
export function normalizeOrigin(text: string): string | null {
  if (text === 'null') return 'null';
  const [, scheme = '', host = ''] = SHAPE.exec(text) ?? [];
  const protocol = scheme.toLowerCase();
  if (protocol === '' || SOCKET.test(protocol)) return null;
  if (WEB.test(protocol)) return host === '' ? null : (parseUrl(text)?.origin ?? null);
  if (!APP_HOST.test(host) || (host === '') !== HOSTLESS.has(protocol)) return null;
  return `${protocol}//${host.toLowerCase()}`;
}

/** A `Host` header: a name or an address, and a port. RFC 9110 section 7.2. */
const HOST = /^(?:\[[\da-f:.]+\]|[^\s/?#@\\,:[\]]+)(?::\d*)?$/i;

/**
 * Does a page of this origin come from this host? A port that is the default of the page's scheme
 * may be left out or written out: what terminates TLS does either.
 *
 * @param origin as `normalizeOrigin` returns it
 * @param host a `Host` header
 */
export function isOriginOf(origin: string, host: string): boolean {
  const page = parseUrl(origin);
  if (page === null || !WEB.test(page.protocol) || !HOST.test(host)) return false;
  return parseUrl(`${page.protocol}//${host}`)?.host === page.host;
}

/** What is wrong with a text that should be an origin, and how to write it; `null` when nothing is. */
export function originProblem(text: string): string | null {
  if (normalizeOrigin(text) !== null) return null;
  if (text === '') return 'is empty. Write an origin like "https://example.com"';
  if (text.includes('*')) {
    return 'has a pattern, and each origin must be listed by itself. Write "https://a.example.com", or "*" alone for all pages';
  }
  if (/\s|,/.test(text.trim())) return 'is several origins in one text. Write a list, with one origin in each entry';
  if (/^wss?:/i.test(text)) {
    const page = text.replace(/^ws/i, 'http');
    return `is the address of a WebSocket. Write the page's own origin, like "${page}"`;
  }
  const [, trimmed = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)(.*)$/i.exec(text.trim()) ?? [];
  if (trimmed !== '' && normalizeOrigin(trimmed) !== null) {
    return `has ${rest === '/' ? 'a slash at its end' : 'a path'}, which no origin has. Write "${trimmed}"`;
  }
  if (!text.includes('://') && normalizeOrigin(`https://${text.replace(/\/$/, '')}`) !== null) {
    return `has no scheme. Write "https://${text.replace(/\/$/, '')}"`;
  }
  return 'is not an origin. Write scheme, host and port only, like "https://example.com" or "capacitor://localhost", or "*"';
}
