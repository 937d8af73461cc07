import { networkInterfaces } from 'node:os';

/** What a name or an `Origin` says about where it leads. */
interface Place {
  /** Lower case; an IP address in its one canonical form, IPv6 in brackets. */
  readonly name: string;
  /** With the port, unless it is the scheme's default. */
  readonly host: string;
  /** With its colon. */
  readonly scheme: string;
}

export interface DevAccessOptions {
  /** Address that the gateway is bound to. */
  readonly host: string;
  /** Further names under which the gateway may be reached. */
  readonly allowedHosts: readonly string[];
  /** The addresses of this machine. Default: those that its network interfaces have now. */
  readonly ownAddresses?: () => readonly string[];
}

/**
 * Who may use a gateway in development mode, which hands out tokens to anybody: programs, and pages of this machine.
 *
 * A page elsewhere is kept out twice. Its `Origin` is not of this machine; and when its name is made to resolve to this machine, so
 * that the browser takes the gateway for its own server (DNS rebinding), the `Host` header still carries that name.
 */
export class DevAccess {
  readonly #names: ReadonlySet<string>;
  readonly #ownAddresses: () => readonly string[];
  /** May other machines connect? Then this machine's own addresses are its names, too. */
  readonly #isShared: boolean;

  constructor({ host, allowedHosts, ownAddresses = interfaceAddresses }: DevAccessOptions) {
    const bound = nameOfAddress(host);
    this.#isShared = !isLoopback(bound);
    this.#names = new Set([...allowedHosts.map((name) => placeOf(`http://${name}`)?.name ?? name), bound]);
    this.#ownAddresses = ownAddresses;
  }

  /** Is this the name of this machine? Requests without `Host` come from programs: every browser sends one. */
  isHostAllowed(host: string): boolean {
    if (host === '') return true;
    const place = HOST.test(host) ? placeOf(`http://${host}`) : null;
    return place !== null && (this.#isOwn(place.name) || (this.#names.has(place.name) && !isAnyAddress(place.name)));
  }

  /** Is this page of this machine, or of the very host and port that the request went to? */
  isOriginAllowed(origin: string, host: string): boolean {
    const page = placeOf(origin);
    if (page === null) return false;
    return (
      this.#isOwn(page.name) || (this.isHostAllowed(host) && page.host === placeOf(`${page.scheme}//${host}`)?.host)
    );
  }

  #isOwn(name: string): boolean {
    return isLoopback(name) || (this.#isShared && this.#ownAddresses().some((own) => nameOfAddress(own) === name));
  }
}

/** `name`, `name:port`, `[IPv6]:port`, and nothing with a user, a path or a query. RFC 9110 section 7.2. */
const HOST = /^(?:\[[\da-f:.]+\]|[^\s@:/?#\\[\]]+)(?::\d*)?$/i;

/** Reads an origin as browsers do: `http://2130706433` and `http://0x7f.1` are 127.0.0.1. `null`: it is none. */
function placeOf(origin: string): Place | null {
  if (!URL.canParse(origin)) return null;
  const { protocol: scheme, username, password, pathname, search, hash, hostname, host } = new URL(origin);
  if (username + password + search + hash !== '' || !/^\/?$/.test(pathname) || hostname === '') return null;
  return { name: hostname.replace(/\.$/, ''), host, scheme };
}

/** An IPv6 address gets its brackets. A zone (`%eth0`) has no place in a URL. */
function nameOfAddress(address: string): string {
  const [bare = ''] = address.split('%');
  return placeOf(bare.includes(':') ? `http://[${bare}]` : `http://${bare}`)?.name ?? bare;
}

/** `0.0.0.0` and `::` are no names of a machine, although browsers on some systems reach it by them. */
const isAnyAddress = (name: string): boolean => name === '0.0.0.0' || name === '[::]';

/** ::ffff:127.0.0.0/104 is 127.0.0.0/8 for programs that speak IPv6. RFC 4291 section 2.5.5.2. */
const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/;

/** Does this name, as `URL.hostname` writes it, always mean the machine itself? RFC 6761 section 6.3. */
export const isLoopback = (hostname: string): boolean => LOOPBACK.test(hostname);

/** The addresses of this machine's network interfaces. */
export function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
}

/** What to do about a request under a name that is not of this machine. */
export function hostRefused(host: string): string {
  const name = host.replace(/:\d*$/, '').slice(0, 100);
  return `in development the gateway is not reached as "${name}": use localhost, or start it with --allowed-hosts ${name} (allowedHosts in the file)`;
}
