/** The server that a URL means, so that its spellings are equal. */

/** The usual port of each scheme: a broker that listens with and without TLS is one. */
type Ports = Readonly<Record<string, string>>;

/** The names of this machine; a client connects to it without a host, too. */
const LOCAL = ['', 'localhost', '[::1]', '127.0.0.1'];

/** A host and a port; without a port, or with that of its kind, only the host. */
export function serverOf(host: string, usual: string): string {
  const [, name = host, port = usual] = /^(.*?)(?::(\d+))?$/.exec(host.trim().toLowerCase()) ?? [];
  const bare = name.replace(/\.$/, '');
  const known = LOCAL.includes(bare) ? 'localhost' : bare;
  return Number(port) === Number(usual) ? known : `${known}:${Number(port)}`;
}

/** The server of a URL, without scheme, credentials and path. */
export function serverOfUrl(text: string, ports: Ports): string {
  const { protocol, host } = new URL(text.trim());
  return serverOf(host, ports[protocol.slice(0, -1)] ?? '');
}

/** A part of a URL as the client reads it. */
export const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
