/** From the operator's input to a configuration that the gateway can rely on. */

import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { readApps } from './apps.ts';
import type { Config, ConfigInput } from './config.ts';
import { OPTIONS, type Settings } from './options.ts';
import { ConfigError, isPlain, type Path, Problems } from './problems.ts';
import { readTable } from './read-table.ts';
import { readRedis } from './redis.ts';
import { type Around, type Invented, resolveApp } from './resolve-app.ts';

export type { Rule } from '../rule.ts';
export type { Config, ConfigInput } from './config.ts';
export { ConfigError } from './problems.ts';
export type { Invented } from './resolve-app.ts';

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

function readLog({ dev, log }: Settings, { terminal }: Around): Pick<Config, 'log'> {
  return { log: { format: dev && terminal ? 'pretty' : 'json', ...log } };
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
    apps: [],
    ...readStatic(settings, around),
    ...readDurable(settings, around),
    ...readRedis(settings, around),
    ...readLog(settings, around),
    ...resolveApp(settings, around),
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
  const around = { written, directory, env, problems, terminal, invented };
  const main = resolveConfig(settings, around);
  const config = { ...main, apps: readApps(settings, main, around) };
  problems.throwIfAny();
  made.add(config);
  return config;
}
