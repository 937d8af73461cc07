import type { JWK } from 'jose';
import type { GrantFunction } from '../auth/acl.ts';
import type { Verb } from '../auth/identity.ts';
import type { Algorithm, AsymmetricAlgorithm, HmacAlgorithm, KeyConfig } from '../auth/keys.ts';
import type { Rate, Rule, SlowPolicy } from '../auth/rule.ts';
import type { ApiKeyConfig } from '../auth/secrets.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'json' | 'pretty';

/** The configuration of a gateway, complete and checked. Made by `parseConfig`. Durations are in ms, sizes in bytes. */
export interface Config {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly path: '/ws';
  readonly dev: boolean;
  /** Absolute path of a folder served at `/`. */
  readonly static?: string;
  /** `*`, or exact origins; empty: the page's origin must be the gateway's own. */
  readonly origins: readonly string[];
  readonly keys: readonly KeyConfig[];
  readonly issuer?: string | readonly string[];
  readonly audience?: string | readonly string[];
  readonly clockTolerance: number;
  readonly anonymous: boolean;
  readonly apiKeys: readonly ApiKeyConfig[];
  readonly engine: 'memory';
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
  };
  /** Is the last entry of `X-Forwarded-For` the client's address? */
  readonly trustProxy: boolean;
  readonly heartbeat: number;
  readonly connectTimeout: number;
  readonly tokenGrace: number;
  readonly drain: number;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** The secret made for this run in development; it is one of `keys` (HS256). */
  readonly devSecret?: string;
  /** The API key made for this run in development; it is one of `apiKeys`. */
  readonly devApiKey?: string;
}

/** Milliseconds, or a text like `500ms`, `5s`, `10m`, `24h`, `7d`. */
export type DurationInput = number | string;
/** Bytes, or a text like `64KiB`, `1MiB`. */
export type SizeInput = number | string;
/** One grant: `anyone`, `users`, `owner:{param}`, `claim:<name>:{param}`, `role:<name>`, or a function. */
export type GrantInput = string | GrantFunction;

/** What may be done on the channels of a pattern, and how they behave. */
export interface ChannelInput {
  /** Who may do what; the key `*` stands for all verbs. Nothing is allowed that is not written here. */
  allow?: Partial<Record<Verb | '*', GrantInput | readonly GrantInput[]>>;
  /** Keep messages? `true`: 1000 messages of the last 24 h. Default: false. */
  history?: boolean | { count?: number; age?: DurationInput };
  /** Do messages name their publisher? Default: true. */
  from?: boolean;
  /** What a slow subscription does. Default: `replay` with history, `drop` without. */
  slow?: SlowPolicy;
  /** With `slow: latest`: the newest message of each publisher (`from`) or value of a tag (`tag:symbol`). */
  latestBy?: string;
  /** Publishes per second of one connection, five seconds' worth at once. Default: unlimited. */
  rate?: number;
  /** How presence works. */
  presence?: { grace?: DurationInput; interval?: DurationInput; listUpTo?: number; state?: SizeInput };
  /** Largest `data` of a message. Default: 64KiB. */
  maxPayload?: SizeInput;
  /** How long a publish's idempotency key is remembered. Default: 5m. */
  dedupe?: DurationInput;
}

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

/** The configuration as it is written: in a file, or in the call of `createGateway`. */
export interface ConfigInput {
  host?: string;
  port?: number;
  dev?: boolean;
  static?: string;
  origins?: string | readonly string[];
  keys?: readonly KeyInput[];
  issuer?: string | readonly string[];
  audience?: string | readonly string[];
  clockTolerance?: DurationInput;
  anonymous?: boolean;
  apiKeys?: readonly ApiKeyInput[];
  engine?: 'memory';
  channels?: Record<string, ChannelInput>;
  limits?: {
    maxFrame?: SizeInput;
    outbound?: SizeInput;
    subscriptions?: number;
    operations?: number;
    bytes?: SizeInput;
    connectionsPerUser?: number;
    connectionsPerAddress?: number;
  };
  trustProxy?: boolean;
  heartbeat?: DurationInput;
  connectTimeout?: DurationInput;
  tokenGrace?: DurationInput;
  drain?: DurationInput;
  log?: { level?: LogLevel; format?: LogFormat };
}
