import type { Channels, DurationInput, RuleOptions, SizeInput } from '@sluice/protocol/contracts';
import type { JWK } from 'jose';
import type { Algorithm, AsymmetricAlgorithm, HmacAlgorithm, KeyConfig } from '../auth/keys.ts';
import type { ApiKeyConfig } from '../auth/secrets.ts';
import type { Rate, Rule } from '../rule.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'json' | 'pretty';

export const ENGINES = ['memory', 'durable', 'redis'] as const;
export type EngineName = (typeof ENGINES)[number];

/** The configuration of a gateway, complete and checked. Made by `parseConfig`. Durations are in ms, sizes in bytes. */
export interface Config {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** A second port, for the HTTP side alone. 0: any free port. */
  readonly httpPort?: number;
  readonly path: '/ws';
  readonly dev: boolean;
  /** Absolute path of a folder served at `/`. */
  readonly static?: string;
  /** `*`, or exact origins; empty: the page's origin must be the gateway's own. */
  readonly origins: readonly string[];
  /** In development: names, besides those of this machine, under which the gateway may be reached. */
  readonly allowedHosts: readonly string[];
  readonly keys: readonly KeyConfig[];
  readonly issuer?: string | readonly string[];
  readonly audience?: string | readonly string[];
  readonly clockTolerance: number;
  readonly maxTokenLife: number;
  readonly anonymous: boolean;
  readonly sse: boolean;
  readonly sseCookie?: string;
  readonly apiKeys: readonly ApiKeyConfig[];
  readonly engine: EngineName;
  /** Of the durable engine; there when it is the one. `maxSize` is in bytes, `null`: what the disk has. */
  readonly durable?: { readonly data: string; readonly maxSize: number | null };
  /** Where `engine` is `redis`. */
  readonly redis?: RedisConfig;
  /** The most specific first: the first that matches a channel is its rule. */
  readonly channels: readonly Rule[];
  readonly limits: {
    readonly maxFrame: number;
    readonly outbound: number;
    readonly subscriptions: number;
    /** Commands of one connection; `null`: unlimited. */
    readonly operations: Rate | null;
    /** Bytes from one connection; `null`: unlimited. */
    readonly bytes: Rate | null;
    /** 0: unlimited. */
    readonly connectionsPerUser: number;
    /** 0: unlimited. */
    readonly connectionsPerAddress: number;
    readonly unauthenticated: number;
  };
  /** Is the last entry of `X-Forwarded-For` the client's address? */
  readonly trustProxy: boolean;
  readonly heartbeat: number;
  readonly connectTimeout: number;
  readonly tokenGrace: number;
  readonly drain: number;
  /** Connections per second. */
  readonly drainPace: number;
  /** This gateway's name among others. */
  readonly node: string;
  /** Processes that serve the port together. */
  readonly workers: number;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** The secret made for this run in development; it is one of `keys` (HS256). */
  readonly devSecret?: string;
  /** The API key made for this run in development; it is one of `apiKeys`. */
  readonly devApiKey?: string;
}

/** What may be done on the channels of a pattern, and how they behave. */
export type ChannelInput = RuleOptions;

/** One key that tokens may be signed with. */
export type KeyInput =
  | { secret: string; algorithm?: HmacAlgorithm; kid?: string }
  | { secretFile: string; algorithm?: HmacAlgorithm; kid?: string }
  | { secretEnv: string; algorithm?: HmacAlgorithm; kid?: string }
  | { pem: string; algorithm: AsymmetricAlgorithm; kid?: string }
  | { pemFile: string; algorithm: AsymmetricAlgorithm; kid?: string }
  | { jwk: JWK; algorithm?: Algorithm; kid?: string }
  | { jwks: string; algorithms: readonly AsymmetricAlgorithm[] };

/** A key of a backend for the server API; `secretFile` and `secretEnv` keep the secret out of the configuration. */
export interface ApiKeyInput {
  name: string;
  secret?: string;
  secretFile?: string;
  secretEnv?: string;
  caps?: Record<string, readonly string[]>;
}

/** The way to a Redis, or to several. Either `urls` or `sentinels` has entries. */
export interface RedisConfig {
  readonly urls: readonly string[];
  readonly cluster: boolean;
  readonly sentinels: readonly string[];
  readonly name?: string;
  readonly username?: string;
  readonly password?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly sentinelTls: boolean;
  /** Certificates (PEM). */
  readonly ca?: string;
  readonly tls: boolean;
  readonly prefix: string;
  readonly timeout: number;
  readonly lease: number;
}

/** The way to a Redis, as it is written: `url`, `urls`, or `sentinels` and `name`. */
export interface RedisInput {
  url?: string;
  urls?: readonly string[];
  cluster?: boolean;
  sentinels?: readonly string[];
  name?: string;
  username?: string;
  password?: string;
  sentinelUsername?: string;
  sentinelPassword?: string;
  sentinelTls?: boolean;
  tls?: boolean;
  /** Path of a file with certificates (PEM). */
  ca?: string;
  prefix?: string;
  timeout?: DurationInput;
  lease?: DurationInput;
}

/** The configuration as it is written: in a file, or in the call of `createGateway`. */
export interface ConfigInput {
  host?: string;
  port?: number;
  httpPort?: number;
  dev?: boolean;
  static?: string;
  origins?: string | readonly string[];
  allowedHosts?: string | readonly string[];
  keys?: readonly KeyInput[];
  issuer?: string | readonly string[];
  audience?: string | readonly string[];
  clockTolerance?: DurationInput;
  maxTokenLife?: DurationInput;
  anonymous?: boolean;
  sse?: boolean;
  sseCookie?: string;
  apiKeys?: readonly ApiKeyInput[];
  engine?: EngineName;
  durable?: { data?: string; maxSize?: SizeInput };
  redis?: RedisInput;
  /** What `defineChannels` made; in a configuration file, the path of the module that exports it. */
  contracts?: Channels | string;
  channels?: Record<string, ChannelInput>;
  limits?: {
    maxFrame?: SizeInput;
    outbound?: SizeInput;
    subscriptions?: number;
    operations?: number;
    bytes?: SizeInput;
    connectionsPerUser?: number;
    connectionsPerAddress?: number;
    unauthenticated?: SizeInput;
  };
  trustProxy?: boolean;
  heartbeat?: DurationInput;
  connectTimeout?: DurationInput;
  tokenGrace?: DurationInput;
  drain?: DurationInput;
  drainPace?: number;
  node?: string;
  /** More than one: only for `sluice serve`. */
  workers?: number | 'auto';
  log?: { level?: LogLevel; format?: LogFormat };
}
