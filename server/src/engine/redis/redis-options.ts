/** How an engine connects to Redis: the complete options of `redis` in the configuration. Durations are in ms. */

import { parseUrl } from '../../util/parse-url.ts';
export interface RedisOptions {
  /** One Redis, or several independent ones that share the channels; with `cluster`: some of its nodes. */
  readonly urls: readonly string[];
  /** Are they the nodes of one Redis Cluster? */
  readonly cluster: boolean;
  /** Sentinels that know the master, as `host:port`; then there are no `urls`. */
  readonly sentinels: readonly string[];
  /** By which the sentinels know the master. */
  readonly name?: string;
  /** The ACL user, if a URL has none. */
  readonly username?: string;
  /** The password, if a URL has none. */
  readonly password?: string;
  /** ACL user of the sentinels themselves. */
  readonly sentinelUsername?: string;
  /** Password of the sentinels themselves. */
  readonly sentinelPassword?: string;
  /** Speaks TLS with the sentinels themselves. */
  readonly sentinelTls: boolean;
  /** Certificates (PEM) that sign the server's own; TLS is spoken with `rediss://`. */
  readonly ca?: string;
  /** Speaks TLS with a master that sentinels named. */
  readonly tls: boolean;
  /** Before every key and every name of a feed. */
  readonly prefix: string;
  /** A connection with an unanswered command is replaced after this time. */
  readonly timeout: number;
  /** A node without a sign of life for this time counts as crashed, and its members leave. */
  readonly lease: number;
}

/** Default values. */
export const REDIS_DEFAULTS: RedisOptions = {
  urls: [],
  cluster: false,
  sentinels: [],
  tls: false,
  sentinelTls: false,
  prefix: 'sluice:',
  timeout: 3_000,
  lease: 15_000,
};

/** One server's address, and how to log in to it. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
}

/**
 * Reads `redis://user:password@host:port/db`, or `rediss://` for TLS.
 *
 * @throws Error that does not repeat the text, which may hold a password
 */
export function readEndpoint(text: string): Endpoint {
  const url = parseUrl(text);
  const db = url === null ? Number.NaN : Number(url.pathname.slice(1) || '0');
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || !Number.isSafeInteger(db)) {
    throw new Error('is not the URL of a Redis — write "redis://host:6379", or "rediss://…" for TLS');
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || '6379'),
    db,
    tls: url.protocol === 'rediss:',
    ...(url.username === '' ? undefined : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? undefined : { password: decodeURIComponent(url.password) }),
  };
}

/** An endpoint as people may read it: without user and password. */
export function labelOf({ host, port, db, tls }: Endpoint): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'rediss' : 'redis'}://${name}:${port}${db === 0 ? '' : `/${db}`}`;
}
