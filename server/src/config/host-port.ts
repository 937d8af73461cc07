import { z } from 'zod';

/** A name, an IPv4 address, or an IPv6 address in brackets; then perhaps a port. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::(\d{1,5}))?$/i;
const LARGEST_PORT = 65_535;

/** What is wrong with a host, perhaps with a port; `null`: nothing. Does not repeat it. */
export function hostFault(host: string): string | null {
  if (host.includes('://')) return 'must be a host without a scheme';
  const [found, port] = HOST.exec(host) ?? [];
  if (found === undefined) return 'must be a host, perhaps with a port';
  return port !== undefined && !isPort(port) ? `must have a port from 1 to ${LARGEST_PORT}` : null;
}

/** Is it the number of a port? */
export const isPort = (text: string): boolean => Number(text) >= 1 && Number(text) <= LARGEST_PORT;

/** A host, perhaps with a port. */
export const hostPort = (example: string) =>
  z.string({ error: `must be a host, perhaps with a port. Example: "${example}"` }).superRefine((value, context) => {
    const fault = hostFault(value.trim());
    if (fault !== null) context.addIssue({ code: 'custom', message: `${fault}. Example: "${example}"` });
  });
