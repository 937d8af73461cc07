import type { RuleOptions } from '@sluice/protocol/contracts';
import type { KeyConfig } from '../auth/keys.ts';
import type { ApiKeyConfig } from '../auth/secrets.ts';
import type { BridgeConfig } from '../bridge.ts';
import type { HookConfig } from '../hook.ts';
import type { Rate, RecurringSchedule, Rule } from '../rule.ts';
import type { WebhookConfig } from '../webhook.ts';
import type { AppSettings } from './options/apps.ts';
import type { Settings, SettingsInput } from './options.ts';

/**
 * Settings whose meaning depends on other settings or on the gateway's environment: `Config`
 * documents them.
 */
type Resolved =
  | 'host'
  | 'console'
  | 'contracts'
  | 'channels'
  | 'schedules'
  | 'hooks'
  | 'webhooks'
  | 'privateTargets'
  | 'bridges'
  | 'keys'
  | 'apiKeys'
  | 'durable'
  | 'redis'
  | 'limits'
  | 'node'
  | 'log'
  | 'apps';

/**
 * The configuration of a gateway, complete and checked. Made by `parseConfig`. Durations are in ms,
 * sizes in bytes.
 *
 * Fields that are not listed here are the values of the options of the same name.
 */
export interface Config extends Omit<Settings, Resolved> {
  readonly host: string;
  readonly path: '/ws';
  readonly console: 'off' | 'read' | 'write';
  readonly keys: readonly KeyConfig[];
  readonly apiKeys: readonly ApiKeyConfig[];
  /** Present if `engine` is `durable`. */
  readonly durable?: DurableConfig;
  /** Present if `engine` is `redis`. */
  readonly redis?: RedisConfig;
  /** The most specific first: the first that matches a channel is its rule. */
  readonly channels: readonly Rule[];
  /** Recurring messages; absent: there are none, and none can be created. */
  readonly schedules?: readonly RecurringSchedule[];
  readonly hooks: readonly HookConfig[];
  readonly webhooks: readonly WebhookConfig[];
  /** Networks, as `parseNetwork` reads them. */
  readonly privateTargets: readonly string[];
  readonly bridges: readonly BridgeConfig[];
  readonly limits: LimitsConfig;
  /** This gateway's name, which identifies it among other nodes. */
  readonly node: string;
  readonly log: Required<Settings['log']>;
  /** The apps besides this one. An app has none. */
  readonly apps: readonly AppConfig[];
  /** The secret made for this run in development; it is one of `keys` (HS256). */
  readonly devSecret?: string;
  /** The API key made for this run in development; it is one of `apiKeys`. */
  readonly devApiKey?: string;
}

/** One of `apps`: a configuration of its own, with the options of the process that it is in. */
export interface AppConfig {
  readonly name: string;
  readonly at: AppSettings['at'];
  readonly config: Config;
}

export interface DurableConfig {
  /** Absolute path. */
  readonly data: string;
  /** Bytes; `null`: limited by the disk only. */
  readonly maxSize: number | null;
}

/**
 * The addresses and credentials of Redis. Either `urls` or `sentinels` has entries; `ca` is the
 * text of the certificates.
 */
export interface RedisConfig extends Omit<Settings['redis'], 'url' | 'urls'> {
  readonly urls: readonly string[];
}

type Rates = 'operations' | 'bytes' | 'connectionRate' | 'connectionRatePerAddress';

export interface LimitsConfig extends Omit<Settings['limits'], Rates> {
  /** Commands of one connection; `null`: unlimited. */
  readonly operations: Rate | null;
  /** Bytes from one connection; `null`: unlimited. */
  readonly bytes: Rate | null;
  /** New connections of the node; `null`: unlimited. */
  readonly connectionRate: Rate | null;
  /** New connections of one address; `null`: unlimited. */
  readonly connectionRatePerAddress: Rate | null;
}

/** The configuration as the operator writes it: in a file, or as the argument of `createGateway`. */
export interface ConfigInput extends SettingsInput {}

/** The permissions and the behaviour of the channels of a pattern. */
export type ChannelInput = RuleOptions;
