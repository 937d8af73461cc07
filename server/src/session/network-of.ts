import { isIPv6 } from 'node:net';

/** `::ffff:192.0.2.1`, an IPv4 address in the form of IPv6. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * The network that is counted as one client: an IPv4 address, or the /64 of an IPv6 address, because
 * one household or server has a whole /64 and could use another address for each connection.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const front = groupsOf(head);
  if (tail !== undefined) {
    const back = groupsOf(tail);
    const written = front.length + back.length + (tail.includes('.') ? 1 : 0);
    front.push(...Array.from({ length: 8 - written }, () => '0'), ...back);
  }
  return `${front.slice(0, 4).map(shortest).join(':')}::/64`;
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));

/** Addresses have several spellings. */
const shortest = (group: string): string => Number.parseInt(group, 16).toString(16);
