import { networkInterfaces } from 'node:os';
import { parseUrl } from '../util/parse-url.ts';

/** The parts of a host or an `Origin` that identify a machine. */
interface Site {
  /** Lower case. An IP address is in canonical form, IPv6 in brackets. */
  readonly name: string;
  /** With the port, unless it is the default of the scheme. */
  readonly host: string;
  /** With its colon. */
  readonly scheme: string;
}

export interface DevAccessOptions {
  /** The address on which the gateway listens. */
  readonly host: string;
  /** Additional names under which the gateway may be reached. */
  readonly allowedHosts: readonly string[];
  /** The addresses of this machine. Default: the current addresses of its network interfaces. */
  readonly ownAddresses?: () => readonly string[];
}

/**
 * Decides who may use a gateway in development mode, which issues tokens to any caller: programs
 * and pages of this machine.
 *
 * A page from elsewhere is refused for two reasons. Its `Origin` is not of this machine. If its
 * name resolves to this machine, so that the browser treats the gateway as the page's own server
 * (DNS rebinding), the `Host` header still contains that name.
 */
export class DevAccess {
  readonly #names: ReadonlySet<string>;
  readonly #ownAddresses: () => readonly string[];
  /** May other machines connect? Then this machine's own addresses are also its names. */
  readonly #isShared: boolean;

  constructor({ host, allowedHosts, ownAddresses = interfaceAddresses }: DevAccessOptions) {
    const bound = nameOfAddress(host);
    this.#isShared = !isLoopback(bound);
    this.#names = new Set([...allowedHosts.map((name) => siteOf(`http://${name}`)?.name ?? name), bound]);
    this.#ownAddresses = ownAddresses;
  }

  /**
   * Is this a name of this machine? Requests without `Host` come from programs: every browser sends
   * one.
   */
  isHostAllowed(host: string): boolean {
    if (host === '') return true;
    const place = HOST.test(host) ? siteOf(`http://${host}`) : null;
    return place !== null && (this.#isOwn(place.name) || (this.#names.has(place.name) && !isAnyAddress(place.name)));
  }

  /** Is this a page of this machine, or of the host and port to which the request was sent? */
  isOriginAllowed(origin: string, host: string): boolean {
    const page = siteOf(origin);
    if (page === null) return false;
    return (
      this.#isOwn(page.name) || (this.isHostAllowed(host) && page.host === siteOf(`${page.scheme}//${host}`)?.host)
    );
  }

  #isOwn(name: string): boolean {
    return isLoopback(name) || (this.#isShared && this.#ownAddresses().some((own) => nameOfAddress(own) === name));
  }
}

/** `name`, `name:port`, `[IPv6]:port`, and nothing with a user, a path or a query. RFC 9110 section 7.2. */
const HOST = /^(?:\[[\da-f:.]+\]|[^\s@:/?#\\[\]]+)(?::\d*)?$/i;

/**
 * Parses an origin as browsers do: `http://2130706433` and `http://0x7f.1` are 127.0.0.1. `null`:
 * it is not an origin.
 */
function siteOf(origin: string): Site | null {
  const url = parseUrl(origin);
  if (url === null) return null;
  const { protocol: scheme, username, password, pathname, search, hash, hostname, host } = url;
  if (username + password + search + hash !== '' || !/^\/?$/.test(pathname) || hostname === '') return null;
  return { name: hostname.replace(/\.$/, ''), host, scheme };
}

/** An IPv6 address gets brackets. A zone (`%eth0`) is not allowed in a URL. */
function nameOfAddress(address: string): string {
  const [bare = ''] = address.split('%');
  return siteOf(bare.includes(':') ? `http://[${bare}]` : `http://${bare}`)?.name ?? bare;
}

/** `0.0.0.0` and `::` are not names of a machine, although browsers on some systems reach it by them. */
const isAnyAddress = (name: string): boolean => name === '0.0.0.0' || name === '[::]';

/** Programs that use IPv6 see 127.0.0.0/8 as ::ffff:127.0.0.0/104. RFC 4291 section 2.5.5.2. */
const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/;

/**
 * Does this name, in the form of `URL.hostname`, always mean the machine itself? RFC 6761 section
 * 6.3.
 */
export const isLoopback = (hostname: string): boolean => LOOPBACK.test(hostname);

/** The addresses of this machine's network interfaces. */
export function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
}

/** Advice about a request under a name that is not of this machine. */
export function hostRefused(host: string): string {
  const name = host.replace(/:\d*$/, '').slice(0, 100);
  return `in development mode the gateway does not accept requests for the host "${name}". Use localhost, or start it with --allowed-hosts ${name} (allowedHosts in the file)`;
}
