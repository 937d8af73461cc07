/** From what somebody wrote to a configuration that the gateway can rely on. */

import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { KeyConfig } from '../auth/keys.ts';
import type { ApiKeyConfig } from '../auth/secrets.ts';
import type { Rate } from '../rule.ts';
import { readChannels } from './channel-options.ts';
import type { Config, ConfigInput, EngineName } from './config.ts';
import { readContracts } from './contracts.ts';
import { readApiKeys, readKeys, type Surroundings } from './key-options.ts';
import { OPTIONS, type Option } from './options.ts';
import { ConfigError, type Path, Problems, suggest } from './problems.ts';
import { readRedis } from './redis.ts';

export type { Rule } from '../rule.ts';
export type { Config, ConfigInput } from './config.ts';
export { ConfigError } from './problems.ts';

export interface ParseOptions {
  /** Relative paths start here. Default: the working directory. */
  readonly directory?: string;
  /** For `secretEnv`. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the value at a path came from, for errors. */
  readonly source?: (path: Path) => string | undefined;
  /** Default: whether standard output is one. */
  readonly terminal?: boolean;
  /** What an earlier reading of the same configuration made up, so that several processes run with the same. */
  readonly invented?: Invented;
}

/** What is made up for a run where nobody gave it. */
export type Invented = Partial<Pick<Config, 'node' | 'devSecret' | 'devApiKey'>>;

/** In development, where no rule is written: a place to try things out. */
const DEV_CHANNELS = { '**': { allow: { '*': 'users' }, history: true } };

const NO_KEY = [
  'there is none, so no token could be accepted — do one of these:',
  '      in the file:         keys: [{ secretEnv: MY_SECRET }]   (or pemFile, jwk, jwks)',
  '      in the environment:  SLUICE_SECRET="$(openssl rand -base64 48)"',
  '      to try it out:       sluice serve --dev',
  '    or set anonymous: true, for a gateway without users',
].join('\n');

const NO_CONFIG =
  'the configuration must be an object of options — like { keys: [{ secretEnv: "SLUICE_SECRET" }], channels: { … } }';

/** Configurations that `parseConfig` made: an object of the same shape made by hand has not been checked. */
const made = new WeakSet<object>();

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const GROUPS = ['limits', 'log', 'durable', 'redis'] as const;

function checkNames(input: Plain, problems: Problems): void {
  const known = [...new Set(OPTIONS.map(({ path }) => path.split('.')[0] ?? path))];
  for (const name of Object.keys(input)) {
    if (!known.includes(name)) problems.add([name], `is not an option — ${suggest(name, known)}`);
  }
  for (const group of GROUPS) {
    const value = input[group];
    if (value === undefined) continue;
    const inner = OPTIONS.flatMap(({ path }) => (path.startsWith(`${group}.`) ? [path.slice(group.length + 1)] : []));
    if (!isPlain(value)) problems.add([group], `must be an object — with ${inner.join(', ')}`);
    else
      for (const name of Object.keys(value)) {
        if (!inner.includes(name)) problems.add([group, name], `is not an option — ${suggest(name, inner)}`);
      }
  }
}

function valueAt(input: Plain, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (isPlain(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    input,
  );
}

/** Reads every option of the table by itself. Where one is wrong or absent: its default. */
function readOptions(input: Plain, problems: Problems): (path: string) => unknown {
  const values = new Map(OPTIONS.map((option) => [option.path, readOption(input, option, problems)]));
  return (path) => values.get(path);
}

function readOption(input: Plain, option: Option, problems: Problems): unknown {
  const path = option.path.split('.');
  const value = valueAt(input, path);
  // A YAML key with nothing behind it is null.
  if (value === undefined || value === null) return option.default;
  return problems.read(path, option.schema, value) ?? option.default;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false; // not even a path: there is a NUL in it
  }
}

function readStatic(folder: unknown, directory: string, problems: Problems): { static?: string } {
  if (typeof folder !== 'string') return {};
  const full = resolve(directory, folder);
  if (!isFolder(full)) {
    problems.add(['static'], `there is no folder ${full} — build it first, or correct the path`);
  }
  return { static: full };
}

function readHttpPort(read: (path: string) => unknown): Pick<Config, 'httpPort'> {
  const httpPort = read('httpPort') as number | undefined;
  return httpPort === undefined ? {} : { httpPort };
}

const randomName = () => randomBytes(6).toString('base64url');
const NO_DATA = [
  'is missing: the durable engine needs a folder for its files — do one of these:',
  '      in the file:         durable: { data: ./data }',
  '      on the command line: --data ./data',
].join('\n');

function readEngine(
  read: (path: string) => unknown,
  directory: string,
  problems: Problems,
): Pick<Config, 'engine' | 'durable'> {
  const engine = read('engine') as EngineName;
  if (engine !== 'durable') return { engine };
  const data = read('durable.data') as string | undefined;
  if (data === undefined) problems.add(['durable', 'data'], NO_DATA);
  const maxSize = (read('durable.maxSize') as number | undefined) ?? null;
  return { engine, durable: { data: resolve(directory, data ?? ''), maxSize } };
}

const newSecret = () => randomBytes(32).toString('base64url');

interface Credentials {
  readonly keys: readonly KeyConfig[];
  readonly apiKeys: readonly ApiKeyConfig[];
  readonly devSecret?: string;
  readonly devApiKey?: string;
}

const readCookie = (sseCookie: string | undefined): Pick<Config, 'sseCookie'> =>
  sseCookie === undefined ? {} : { sseCookie };

function readCredentials(
  read: (path: string) => unknown,
  around: Surroundings,
  {
    problems,
    dev,
    anonymous,
    keysGiven,
    invented,
  }: { problems: Problems; dev: boolean; anonymous: boolean; keysGiven: boolean; invented: Invented },
): Credentials {
  const keyInputs = read('keys') as readonly unknown[];
  const apiKeyInputs = read('apiKeys') as readonly unknown[];
  const keys = readKeys(keyInputs, around, { problems });
  const apiKeys = readApiKeys(apiKeyInputs, around, { problems });
  if (!keysGiven && !anonymous && !dev) problems.add(['keys'], NO_KEY);
  const devSecret = dev && keyInputs.length === 0 ? (invented.devSecret ?? newSecret()) : undefined;
  const devApiKey = dev && apiKeyInputs.length === 0 ? (invented.devApiKey ?? newSecret()) : undefined;
  return {
    keys: devSecret === undefined ? keys : [{ secret: devSecret, algorithm: 'HS256' }],
    apiKeys: devApiKey === undefined ? apiKeys : [{ name: 'dev', secret: devApiKey }],
    ...(devSecret === undefined ? {} : { devSecret }),
    ...(devApiKey === undefined ? {} : { devApiKey }),
  };
}

function parties(read: (path: string) => unknown): Pick<Config, 'issuer' | 'audience'> {
  const issuer = read('issuer') as Config['issuer'];
  const audience = read('audience') as Config['audience'];
  return { ...(issuer === undefined ? {} : { issuer }), ...(audience === undefined ? {} : { audience }) };
}

/** Seconds' worth that may come at once. */
const BURST = 10;

/** 0 stands for no limit. At least `least` may come at once. */
const toRate = (perSecond: number, least = 0): Rate | null =>
  perSecond === 0 ? null : { perSecond, burst: Math.max(perSecond * BURST, least) };

/** A reconnect comes at once: each channel subscribed to, watched and entered. One that was refused for that would be lost for good. */
const reconnect = (subscriptions: number): number => subscriptions * 3 + 100;

/**
 * Checks a configuration and fills in the defaults. A `Config` that it made itself is returned as it is.
 *
 * @throws ConfigError with every problem
 */
export function parseConfig(input: ConfigInput | Config, options: ParseOptions = {}): Config {
  if (typeof input === 'object' && input !== null && made.has(input)) return input as Config;
  const { directory = process.cwd(), env = process.env, source, terminal = process.stdout.isTTY === true } = options;
  const { invented = {} } = options;
  const problems = new Problems(source);
  if (!isPlain(input)) throw new ConfigError([NO_CONFIG]);
  const plain = input as unknown as Plain;
  checkNames(plain, problems);
  const read = readOptions(plain, problems);
  const dev = read('dev') as boolean;
  const anonymous = read('anonymous') as boolean;
  const keysGiven = !(plain.keys == null || (Array.isArray(plain.keys) && plain.keys.length === 0));
  const maxFrame = read('limits.maxFrame') as number;
  const subscriptions = read('limits.subscriptions') as number;
  const contracts = readContracts(plain.contracts, problems);
  const channels = (read('channels') as Plain | undefined) ?? (dev && plain.contracts == null ? DEV_CHANNELS : {});
  const config: Config = {
    host: (read('host') as string | undefined) ?? (dev ? '127.0.0.1' : '0.0.0.0'),
    port: read('port') as number,
    ...readHttpPort(read),
    path: '/ws',
    dev,
    ...readStatic(read('static'), directory, problems),
    origins: read('origins') as readonly string[],
    allowedHosts: read('allowedHosts') as readonly string[],
    ...parties(read),
    clockTolerance: read('clockTolerance') as number,
    maxTokenLife: read('maxTokenLife') as number,
    anonymous,
    sse: read('sse') as boolean,
    ...readCookie(read('sseCookie') as string | undefined),
    ...readEngine(read, directory, problems),
    ...readRedis(read, { block: plain.redis, directory, problems }),
    channels: readChannels(channels, { maxFrame, problems, contracts }),
    limits: {
      maxFrame,
      outbound: read('limits.outbound') as number,
      subscriptions,
      operations: toRate(read('limits.operations') as number, reconnect(subscriptions)),
      bytes: toRate(read('limits.bytes') as number),
      connectionsPerUser: read('limits.connectionsPerUser') as number,
      connectionsPerAddress: read('limits.connectionsPerAddress') as number,
      unauthenticated: read('limits.unauthenticated') as number,
    },
    trustProxy: read('trustProxy') as boolean,
    heartbeat: read('heartbeat') as number,
    connectTimeout: read('connectTimeout') as number,
    tokenGrace: read('tokenGrace') as number,
    drain: read('drain') as number,
    drainPace: read('drainPace') as number,
    node: (read('node') as string | undefined) ?? invented.node ?? randomName(),
    workers: read('workers') as number,
    log: {
      level: read('log.level') as Config['log']['level'],
      format: (read('log.format') as Config['log']['format'] | undefined) ?? (dev && terminal ? 'pretty' : 'json'),
    },
    ...readCredentials(read, { directory, env }, { problems, dev, anonymous, keysGiven, invented }),
  };
  problems.throwIfAny();
  made.add(config);
  return config;
}
