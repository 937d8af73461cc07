import { isIP } from 'node:net';
import { parseUrl } from '../util/parse-url.ts';

/**
 * The address of the client behind a proxy: the last entry of `X-Forwarded-For`, which the proxy
 * itself wrote. The client may have forged earlier entries.
 *
 * @param forwarded the header's last line; a proxy adds an entry to the line, or a line
 * @param peer address of the socket, used if the header has no address
 */
export function clientAddress(forwarded: string | undefined, peer: string): string {
  const last = forwarded?.split(',').at(-1)?.trim() ?? '';
  const [, bracketed, bare] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(last) ?? []; // some proxies add the port
  const address = bracketed ?? bare ?? last;
  return isIP(address) === 0 ? peer : canonical(address);
}

/**
 * One spelling per address: IPv6 in its short form (RFC 5952), and IPv4-mapped IPv6
 * (`::ffff:1.2.3.4`) as IPv4.
 */
function canonical(address: string): string {
  const url = address.includes(':') ? parseUrl(`http://[${address}]/`) : null;
  if (url === null) return address;
  const short = url.hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(short) ?? [];
  return high === undefined || low === undefined ? short : [...bytesOf(high), ...bytesOf(low)].join('.');
}

function bytesOf(group: string): readonly [number, number] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
