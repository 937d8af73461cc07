import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { BridgeOptions } from '@sluice/server/bridging';
import { listOption, textOption } from '../options.ts';

/** The package of the client, loaded. */
export type KafkaClient = typeof import('@platformatic/kafka');

type ConnectionOptions = ConstructorParameters<KafkaClient['Base']>[0];

/** Milliseconds for the connection, and for each request: longer than a group may take to rebalance. */
const CONNECT = 5_000;
const REQUEST = 20_000;
/** A lost connection stays lost: the runner connects again. These are for a change of leaders. */
const RETRIES = 2;
const RETRY_DELAY = 200;

/** The port of a broker that is given without one. */
const PORT = 9092;

/** How to connect, as the client wants it. Reads the files of certificates. */
export function kafkaOptions(connection: BridgeOptions): ConnectionOptions {
  const bootstrapBrokers = listOption(connection, 'brokers').map(brokerOf);
  const sasl = saslOf(connection);
  const tls = tlsOf(connection);
  return {
    ...{ clientId: 'sluice', bootstrapBrokers },
    ...{ connectTimeout: CONNECT, requestTimeout: REQUEST, retries: RETRIES, retryDelay: RETRY_DELAY },
    ...(sasl !== undefined && { sasl }),
    // TLS has no names for addresses.
    ...(tls !== undefined && { tls, tlsServerName: bootstrapBrokers.some(({ host }) => isIP(host) === 0) }),
  };
}

/** Host and port of a broker: the client would split the text of an IPv6 address at its first colon. */
function brokerOf(broker: string): { readonly host: string; readonly port: number } {
  const [, name = broker, port = PORT] = /^(.*?)(?::(\d+))?$/.exec(broker) ?? [];
  return { host: name.replace(/^\[|\]$/g, ''), port: Number(port) };
}

const MECHANISMS = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const;

function saslOf(connection: BridgeOptions): ConnectionOptions['sasl'] {
  const { username, password } = connection;
  if (typeof username !== 'string' || typeof password !== 'string') return undefined;
  const mechanism = MECHANISMS[textOption(connection, 'mechanism') as keyof typeof MECHANISMS];
  return { mechanism, username, password };
}

function tlsOf({ tls, caFile, certFile, keyFile }: BridgeOptions): ConnectionOptions['tls'] {
  const files = Object.entries({ ca: caFile, cert: certFile, key: keyFile });
  const read = files.flatMap(([name, path]) => (typeof path === 'string' ? [[name, readFileSync(path)]] : []));
  return tls === true || read.length > 0 ? Object.fromEntries(read) : undefined;
}

/** The cause of a failure, which the client wraps in errors that say how often it was tried. */
export function causeOf(error: unknown): Error {
  const { errors, cause } = error as { errors?: readonly unknown[]; cause?: unknown };
  const inner = errors?.at(-1) ?? cause;
  if (inner !== undefined) return causeOf(inner);
  return error instanceof Error ? error : new Error(String(error));
}
