import net from 'node:net';

/** What a connection received until it ended, or until `until` held. */
export interface Received {
  readonly text: string;
  readonly ended: boolean;
}

export interface LineOptions {
  /** Looked at whenever something arrives; without it the end of the connection is waited for. */
  readonly until?: (text: string) => boolean;
}

/** Sends bytes to a port as they are, and gathers what comes back. */
export function exchange(port: number, sent: string | Uint8Array, { until }: LineOptions = {}): Promise<Received> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    const done = (ended: boolean): void => {
      resolve({ text, ended });
      socket.destroy();
    };
    socket.on('error', () => {}); // a reset is told by "close"
    socket.on('close', () => done(true));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (until?.(text) === true) done(false);
    });
    socket.write(sent);
  });
}

/** Status codes of the answers in what was received. */
export const statuses = (text: string): number[] =>
  [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status)).filter((status) => status !== 100);

/** A request with a body of any kind. */
export function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const lines = Object.entries({ Host: 'gateway.test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
