/** From the operator's input to a configuration that the gateway can rely on. */

import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { intersectPatterns } from '@sluice/protocol';
import type { Rate } from '../rule.ts';
import { readBridges } from './bridges/read-bridges.ts';
import { readChannels } from './channel-rules.ts';
import type { Config, ConfigInput } from './config.ts';
import { readContracts } from './contracts.ts';
import { readHooks } from './hooks.ts';
import { OPTIONS, type Settings } from './options.ts';
import { ConfigError, isPlain, type Path, Problems, suggest } from './problems.ts';
import { readApiKeys, readKeys, type Surroundings } from './read-keys.ts';
import { readTable } from './read-table.ts';
import { readSchedules } from './recurring.ts';
import { readRedis } from './redis.ts';
import { readWebhooks } from './webhooks.ts';

export type { Rule } from '../rule.ts';
export type { Config, ConfigInput } from './config.ts';
export { ConfigError } from './problems.ts';

export interface ParseOptions {
  /** The base of relative paths. Default: the working directory. */
  readonly directory?: string;
  /** For `secretEnv`. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the value at a path came from, for errors. */
  readonly source?: (path: Path) => string | undefined;
  /** Default: whether standard output is one. */
  readonly terminal?: boolean;
  /**
   * Secrets that an earlier parse of the same configuration generated, so that several processes
   * use the same.
   */
  readonly invented?: Invented;
}

/** Secrets and names that are generated for a run if they are not configured. */
export type Invented = Partial<Pick<Config, 'node' | 'devSecret' | 'devApiKey'>>;

/** The rule of development mode if no rule is given: for trying things out. */
const DEV_CHANNELS = { '**': { allow: { '*': 'users' }, history: true } };

const NO_KEY = [
  'there is none, so no token could be accepted. Do one of these:',
  '      in the file:         keys: [{ secretEnv: MY_SECRET }]   (or pemFile, jwk, jwks)',
  '      in the environment:  SLUICE_SECRET="$(openssl rand -base64 48)"',
  '      to try it out:       sluice serve --dev',
  '    or set anonymous: true, for a gateway without users',
].join('\n');

const NO_CONFIG =
  'the configuration must be an object of options. Example: { keys: [{ secretEnv: "SLUICE_SECRET" }], channels: { … } }';

/** Configurations made by `parseConfig`: an equal object made by hand has not been checked. */
const made = new WeakSet<object>();

const isMade = (value: unknown): value is Config => typeof value === 'object' && value !== null && made.has(value);

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false; // not a valid path: it contains a NUL
  }
}

function readStatic({ static: folder }: Settings, { directory, problems }: Around): Pick<Config, 'static'> {
  if (folder === undefined) return {};
  const full = resolve(directory, folder);
  if (!isFolder(full)) {
    problems.add(['static'], `there is no folder ${full}. Build it first, or correct the path`);
  }
  return { static: full };
}

const randomName = () => randomBytes(6).toString('base64url');
const NO_DATA = [
  'is missing: the durable engine needs a folder for its files. Do one of these:',
  '      in the file:         durable: { data: ./data }',
  '      on the command line: --data ./data',
].join('\n');

function readDurable({ engine, durable }: Settings, { directory, problems }: Around): Pick<Config, 'durable'> {
  if (engine !== 'durable') return {};
  const { data = '', maxSize = null } = durable;
  if (data === '') problems.add(['durable', 'data'], NO_DATA);
  return { durable: { data: resolve(directory, data), maxSize } };
}

const newSecret = () => randomBytes(32).toString('base64url');

type Credentials = Pick<Config, 'keys' | 'apiKeys' | 'devSecret' | 'devApiKey'>;

function readCredentials(settings: Settings, around: Around): Credentials {
  const { dev, anonymous } = settings;
  const { problems, invented, written } = around;
  const isKeyless = written.keys == null || (Array.isArray(written.keys) && written.keys.length === 0);
  const keys = readKeys(settings.keys, around, { problems });
  const apiKeys = readApiKeys(settings.apiKeys, around, { problems });
  if (isKeyless && !anonymous && !dev) problems.add(['keys'], NO_KEY);
  const devSecret = dev && settings.keys.length === 0 ? (invented.devSecret ?? newSecret()) : undefined;
  const devApiKey = dev && settings.apiKeys.length === 0 ? (invented.devApiKey ?? newSecret()) : undefined;
  return {
    ...(devSecret === undefined ? { keys } : { keys: [{ secret: devSecret, algorithm: 'HS256' }], devSecret }),
    ...(devApiKey === undefined ? { apiKeys } : { apiKeys: [{ name: 'dev', secret: devApiKey }], devApiKey }),
  };
}

/** Size of a burst, in seconds' worth. */
const BURST = 10;

/** 0 means no limit. The burst is at least `least`. */
const toRate = (perSecond: number, least = 0): Rate | null =>
  perSecond === 0 ? null : { perSecond, burst: Math.max(perSecond * BURST, least) };

/**
 * A reconnect arrives in one burst: every channel is subscribed to, watched and entered again. A
 * command that was refused because of that would be lost.
 */
const reconnect = (subscriptions: number): number => subscriptions * 3 + 100;

function readLimits({ limits }: Settings): Pick<Config, 'limits'> {
  const operations = toRate(limits.operations, reconnect(limits.subscriptions));
  const { connectionRate: perSecond } = limits;
  const connectionRate = perSecond === 0 ? null : { perSecond, burst: perSecond };
  const connectionRatePerAddress = toRate(limits.connectionRatePerAddress);
  return { limits: { ...limits, operations, bytes: toRate(limits.bytes), connectionRate, connectionRatePerAddress } };
}

function readRules(
  { dev, limits, channels, contracts: given, schedules, bridges }: Settings,
  { problems, env }: Around,
): Pick<Config, 'channels' | 'schedules' | 'bridges'> {
  const contracts = readContracts(given, problems);
  const written = channels ?? (dev && given === undefined ? DEV_CHANNELS : {});
  const rules = readChannels(written, { maxFrame: limits.maxFrame, problems, contracts });
  return {
    ...readBridges(bridges, rules, { env, problems }),
    ...(schedules && { schedules: readSchedules(schedules, { rules, problems }) }),
  };
}

const LOOPBACK = ['127.0.0.0/8', '::1'];

function readOutgoing(settings: Settings, around: Around): Pick<Config, 'hooks' | 'webhooks' | 'privateTargets'> {
  const { hooks, webhooks, dev, privateTargets = dev ? LOOPBACK : [] } = settings;
  return { hooks: readHooks(hooks, around), webhooks: readWebhooks(webhooks, around), privateTargets };
}

/** The hooks that answer requests exist, and have a URL. */
function checkResponders({ channels, hooks }: Config, problems: Problems): void {
  const known = hooks.filter(({ target }) => target.kind === 'http').map(({ name }) => name);
  for (const { pattern, respond } of channels) {
    if (respond === undefined || known.includes(respond)) continue;
    const advice = known.length === 0 ? 'Add it to "hooks"' : suggest(respond, known);
    problems.add(['channels', pattern.source, 'respond'], `"${respond}" is not a hook with a URL. ${advice}`);
  }
}

/** A pattern that no channel can match is a mistake: what it is for would never happen. */
function checkPatterns({ channels, hooks, webhooks }: Config, problems: Problems): void {
  const isPossible = (source: string) => channels.some(({ pattern }) => intersectPatterns(pattern.source, source));
  for (const [option, entries] of Object.entries({ hooks, webhooks })) {
    for (const { name, channels: patterns } of entries) {
      const wrong = patterns.find(({ source }) => source !== '**' && !isPossible(source));
      if (wrong === undefined) continue;
      const fault = `"${wrong.source}" matches no channel of a rule. Correct the pattern, or add a rule for these channels`;
      problems.add([option, name, 'channels'], fault);
    }
  }
}

function readLog({ dev, log }: Settings, { terminal }: Around): Pick<Config, 'log'> {
  return { log: { format: dev && terminal ? 'pretty' : 'json', ...log } };
}

/** The values on which the meaning of a setting may also depend. */
interface Around extends Surroundings {
  /** The input of the configuration. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly problems: Problems;
  readonly terminal: boolean;
  readonly invented: Invented;
}

/**
 * Derives the configuration from the settings. Settings without a derived meaning are passed on
 * unchanged.
 */
function resolveConfig(settings: Settings, around: Around): Config {
  const { contracts: _contracts, durable: _durable, redis: _redis, static: _static, ...others } = settings;
  const { schedules: _schedules, ...rest } = others;
  const { host = settings.dev ? '127.0.0.1' : '0.0.0.0', node = around.invented.node ?? randomName() } = settings;
  const { console: consoleMode = settings.dev ? 'write' : 'read' } = settings;
  return {
    ...rest,
    host,
    console: consoleMode,
    path: '/ws',
    node,
    ...readStatic(settings, around),
    ...readDurable(settings, around),
    ...readRedis(settings, around),
    ...readRules(settings, around),
    ...readOutgoing(settings, around),
    ...readLimits(settings),
    ...readLog(settings, around),
    ...readCredentials(settings, around),
  };
}

/**
 * Checks a configuration and fills in the defaults. A `Config` that it made is returned unchanged.
 *
 * @throws ConfigError with every problem
 */
export function parseConfig(input: ConfigInput | Config, options: ParseOptions = {}): Config {
  if (isMade(input)) return input;
  const written: unknown = input;
  if (!isPlain(written)) throw new ConfigError([NO_CONFIG]);
  const { directory = process.cwd(), env = process.env, source, invented = {} } = options;
  const { terminal = process.stdout.isTTY === true } = options;
  const problems = new Problems(source);
  const settings = readTable(OPTIONS, written, { problems });
  const config = resolveConfig(settings, { written, directory, env, problems, terminal, invented });
  checkResponders(config, problems);
  checkPatterns(config, problems);
  problems.throwIfAny();
  made.add(config);
  return config;
}
