import { BlockList, isIP } from 'node:net';

/** Networks that are not on the public Internet: IANA's special-purpose registries, RFC 6890. */
const RESERVED = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4', '::/128', '::1/128', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23'],
  ...['2001:db8::/32', '2002::/16', '3fff::/20', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
];

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Parses `10.0.0.0/8`, or one address. `null` for anything else. */
export function parseNetwork(text: string): Network | null {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return null;
  const bits = version === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  return prefix < 0 || prefix > bits ? null : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network === null) throw new Error(`"${text}" is not a network`);
    list.addSubnet(network.address, network.prefix, network.family);
  }
  return list;
}

/**
 * Decides to which addresses the gateway may connect for hooks and webhooks: public ones, and
 * private ones that the operator lists. Otherwise a URL, or a name that changes its address, could
 * reach services that trust the gateway's network.
 */
export class AddressPolicy {
  readonly #reserved = blockListOf(RESERVED);
  readonly #listed: BlockList;

  /** @param listed networks like `10.0.0.0/8`, checked by `parseNetwork` */
  constructor(listed: readonly string[]) {
    this.#listed = blockListOf(listed);
  }

  allows(address: string): boolean {
    const plain = MAPPED.exec(address)?.[1] ?? address.replace(/%.*$/, '');
    const version = isIP(plain);
    if (version === 0) return false;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    // Any other form of an IPv4 address within an IPv6 address is refused by the list.
    return this.#listed.check(plain, family) || !(this.#reserved.check(plain, family) || isMappedHex(plain));
  }
}

/** `::ffff:7f00:1` is another form of 127.0.0.1, which resolvers do not use. */
const isMappedHex = (address: string): boolean => /^(?:::ffff:|0:0:0:0:0:ffff:)/i.test(address);
