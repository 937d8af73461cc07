import net from 'node:net';

/** What a connection received until it ended, or until `until` returned true. */
export interface Received {
  readonly text: string;
  readonly ended: boolean;
}

export interface ExchangeOptions {
  /** Checked whenever data arrives. Without it, the exchange lasts until the connection ends. */
  readonly until?: (text: string) => boolean;
}

/** Sends raw bytes to a port, and collects the response. */
export function exchange(port: number, sent: string | Uint8Array, { until }: ExchangeOptions = {}): Promise<Received> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    const done = (ended: boolean): void => {
      resolve({ text, ended });
      socket.destroy();
    };
    socket.on('error', () => {}); // "close" reports it too
    socket.on('close', () => done(true));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (until?.(text) === true) done(false);
    });
    socket.write(sent);
  });
}

/** Status codes of the received answers. */
export const statuses = (text: string): number[] =>
  [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status)).filter((status) => status !== 100);

/** A raw HTTP request. */
export function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const lines = Object.entries({ Host: 'gateway.test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
