import { presentedIn } from '../api/credentials.ts';
import type { DevAccess } from '../auth/dev-access.ts';
import { Refusal } from '../refusal.ts';
import { isOriginAllowed } from '../session/origin.ts';
import { forwardedHosts } from '../transport/forwarded-host.ts';
import type { RequestHead } from '../transport/http.ts';

export interface VisitorOptions {
  readonly origins: readonly string[];
  readonly dev: DevAccess | null;
  readonly trustProxy: boolean;
  /** Name of the cookie that may contain a token; `null`: cookies are not accepted. */
  readonly cookie: string | null;
}

type Headers = Readonly<Record<string, string>>;

/** Response headers that a page of another origin may read. */
const READABLE = { 'Access-Control-Expose-Headers': 'Retry-After' };

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Last-Event-ID, Cache-Control',
  'Access-Control-Max-Age': '600',
};

/** The origin and the site from which a request comes. */
export class Visitor {
  readonly address: string;
  readonly origin: string;
  readonly #head: RequestHead;
  readonly #options: VisitorOptions;

  constructor(head: RequestHead, options: VisitorOptions) {
    this.address = head.address;
    this.origin = head.headers.get('origin') ?? '';
    this.#head = head;
    this.#options = options;
  }

  get host(): string {
    return this.#head.headers.get('host') ?? '';
  }

  get forwardedHosts(): readonly string[] {
    const { headers } = this.#head;
    return this.#options.trustProxy ? forwardedHosts((name) => headers.get(name)) : [];
  }

  /** May a page of its origin use the browser's cookies? `*` in `origins` does not allow it. */
  get #isTrusted(): boolean {
    const named = this.#options.origins.filter((origin) => origin !== '*');
    return isOriginAllowed(this, named, this.#options.dev);
  }

  /** Headers that permit a page to read the response. Fetch Standard, section 3.2. */
  get cors(): Headers {
    if (this.origin === '') return {};
    if (!this.#isTrusted) {
      return isOriginAllowed(this, this.#options.origins, this.#options.dev)
        ? { 'Access-Control-Allow-Origin': '*', ...READABLE }
        : {};
    }
    const { origin } = this;
    const allowed = { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' };
    return { ...allowed, ...READABLE, Vary: 'Origin' };
  }

  /** The response to a preflight request. */
  get preflight(): Headers {
    return { ...this.cors, ...PREFLIGHT };
  }

  /** The token of the request; undefined if there is none. */
  token(): string | undefined | Refusal {
    const presented = presentedIn(this.#head);
    if (presented !== undefined || this.#options.cookie === null) return presented;
    const token = cookieIn(this.#head.headers.get('cookie') ?? '', this.#options.cookie);
    if (token === undefined) return undefined;
    // A page of another site that sends no origin has sent the request without CORS.
    const isBlind = this.origin === '' && this.#head.headers.get('sec-fetch-site') === 'cross-site';
    if (isBlind || !this.#isTrusted) {
      return new Refusal('origin_refused', 'a cookie is accepted only from origins that "origins" lists by name');
    }
    return token;
  }
}

/** RFC 6265 section 4.2. */
function cookieIn(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (at !== -1 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
