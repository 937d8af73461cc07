import { isIP } from 'node:net';

/**
 * The address of the client behind a proxy: the last entry of `X-Forwarded-For`, which the proxy itself wrote. What stands before it, the client
 * may have made up.
 *
 * @param forwarded the header's last line; proxies add an entry to the line, or a line
 * @param peer address of the socket, for where the header says nothing
 */
export function clientAddress(forwarded: string | undefined, peer: string): string {
  const last = forwarded?.split(',').at(-1)?.trim() ?? '';
  const [, bracketed, bare] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(last) ?? []; // some add the port
  const address = bracketed ?? bare ?? last;
  return isIP(address) === 0 ? peer : address;
}
