import type { BridgeOptions } from '@sluice/server/bridging';
import { textOption } from '../options.ts';

/** The packages of the client, loaded. */
export interface NatsClient {
  readonly transport: typeof import('@nats-io/transport-node');
  readonly jetstream: typeof import('@nats-io/jetstream');
}

export type NatsConnection = Awaited<ReturnType<NatsClient['transport']['connect']>>;

/** Milliseconds for the connection, and for each request. */
export const NATS_TIMEOUT = 10_000;
/** Milliseconds between two questions whether the server is there. The second one without an answer ends the connection. */
const PING = 10_000;

/** Connects once. A lost connection stays lost: the runner connects again. */
export function connectNats({ transport }: NatsClient, connection: BridgeOptions): Promise<NatsConnection> {
  const urls = textOption(connection, 'url').split(',');
  const { token } = connection;
  const isSecure = connection.tls === true || urls.some((url) => url.trim().startsWith('tls:'));
  return transport.connect({
    ...{ servers: urls.map(hostOf), reconnect: false, timeout: NATS_TIMEOUT, ...credentialsOf(urls[0] ?? '') },
    ...{ pingInterval: PING, maxPingOut: 1 },
    noAsyncTraces: true, // it would take a stack trace for each request
    ...(typeof token === 'string' && { token }),
    ...(isSecure && { tls: {} }),
  });
}

/** The client takes no credentials in a URL. A user without a password is a token, as for other clients of NATS. */
function credentialsOf(text: string): { user?: string; pass?: string; token?: string } {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || url.username === '') return {};
  const user = decodeURIComponent(url.username);
  return url.password === '' ? { token: user } : { user, pass: decodeURIComponent(url.password) };
}

function hostOf(text: string): string {
  const url = text.trim();
  return URL.canParse(url) && new URL(url).host !== '' ? new URL(url).host : url;
}
