/** Merges flags, environment and file, in this order of precedence. */

import { dirname, resolve } from 'node:path';
import type { Config, ConfigInput } from './config.ts';
import { loadContracts } from './contracts.ts';
import { findFile, readConfigFile } from './file.ts';
import { OPTION_ROWS, type OptionRow } from './options.ts';
import { isPlain, type Path } from './problems.ts';
import { type Invented, parseConfig } from './schema.ts';
import { isServiceLink, serviceLinkNote } from './service-links.ts';

export interface LoadOptions {
  /** Path of the configuration file. Default: `SLUICE_CONFIG`, then `sluice.yaml`, … in `cwd`. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values of flags by commander's names: `--log-level` is `logLevel`. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Default: the working directory of the process. */
  readonly cwd?: string;
  /** Secrets that an earlier run generated, to be used again. */
  readonly invented?: Invented;
  /** Is the output a terminal? Default: whether standard output is one. */
  readonly terminal?: boolean;
}

/** The merged settings, and their sources. */
export interface Loaded {
  readonly config: Config;
  /** Absolute path of the file that was read. */
  readonly file?: string;
  /** Other processes parse the same configuration from this. */
  readonly gathered: Gathered;
}

/**
 * The merged values of flags, environment and file, unchecked: plain data that can be sent to
 * another process.
 */
export interface Gathered {
  readonly input: Record<string, unknown>;
  /** Names the flag or variable of each option that was set by one. */
  readonly sources: Readonly<Record<string, string>>;
  /** Remarks for the operator about the sources, a sentence each. */
  readonly notes?: readonly string[];
  /** Absolute path of the file that was read. */
  readonly file?: string;
  /** The base of relative paths. */
  readonly directory: string;
  readonly terminal?: boolean;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  yes: true,
  on: true,
  false: false,
  0: false,
  no: false,
  off: false,
};

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** A text of the wrong kind stays a text, and the option's schema reports it. */
function fromText({ kind = 'text' }: OptionRow, text: string): unknown {
  switch (kind) {
    case 'number':
      return /^\d+$/.test(text.trim()) ? Number(text) : text;
    case 'boolean':
      return BOOLEANS[text.trim().toLowerCase()] ?? text;
    case 'list':
      return listOf(text);
    case 'secret':
      return [{ secret: text }];
    case 'apiKey':
      return [{ name: 'environment', secret: text }];
    case 'text':
      return text;
  }
}

/** Commander's name of a flag: `--log-level <level>` is `logLevel`. */
export function flagName(flag: string): string {
  const [long = ''] = flag.replace(/^--/, '').split(' ');
  return long.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

interface Found {
  readonly value: unknown;
  readonly source: string;
}

function fromFlag(option: OptionRow, flags: LoadOptions['flags']): Found | undefined {
  if (option.flag === undefined) return undefined;
  const value = flags[flagName(option.flag)];
  if (value === undefined) return undefined;
  return {
    value: typeof value === 'string' ? fromText(option, value) : value,
    source: option.flag.split(' ')[0] ?? '',
  };
}

/** The value of an option in the environment. Variables of service links are ignored, and noted. */
function fromEnv({
  option,
  env,
  notes,
}: {
  option: OptionRow;
  env: LoadOptions['env'];
  notes: string[];
}): Found | undefined {
  for (const name of option.env ?? []) {
    const text = env[name] ?? '';
    if (text === '') continue; // many tools write "not set" this way
    if (!isServiceLink(name, text)) return { value: fromText(option, text), source: name };
    notes.push(serviceLinkNote(name, text));
  }
  return undefined;
}

function place(input: Record<string, unknown>, path: string, value: unknown): void {
  const [group = '', name] = path.split('.');
  if (name === undefined) input[group] = value;
  else input[group] = { ...(input[group] as object | null | undefined), [name]: value };
}

/**
 * Relative paths of flags and environment start at the working directory, those of a file at the
 * file.
 */
function anchored(option: OptionRow, value: unknown, cwd: string): unknown {
  return option.type === 'path' && typeof value === 'string' ? resolve(cwd, value) : value;
}

/** Merges the sources: flags take precedence over environment variables, and these over the file. */
async function gather(options: LoadOptions): Promise<Gathered> {
  const { env, flags, cwd = process.cwd(), terminal } = options;
  const given = options.file ?? (env.SLUICE_CONFIG || undefined);
  const file = given === undefined ? findFile(cwd) : resolve(cwd, given);
  const input: Record<string, unknown> = file === undefined ? {} : { ...(await readConfigFile(file)) };
  const sources: Record<string, string> = {};
  const notes: string[] = [];
  for (const option of OPTION_ROWS) {
    const found = fromFlag(option, flags) ?? fromEnv({ option, env, notes });
    if (found === undefined) continue;
    place(input, option.path, anchored(option, found.value, cwd));
    sources[option.path] = found.source;
  }
  return {
    input,
    sources,
    notes,
    directory: file === undefined ? cwd : dirname(file),
    ...(file === undefined ? {} : { file }),
    ...(terminal === undefined ? {} : { terminal }),
  };
}

interface ContractsPlace {
  readonly directory: string;
  readonly source: string | undefined;
}

/** With the contracts instead of the path of their module. */
async function withContracts(
  input: Readonly<Record<string, unknown>>,
  { directory, source }: ContractsPlace,
): Promise<Record<string, unknown>> {
  const { contracts } = input;
  if (typeof contracts !== 'string') return { ...input };
  return { ...input, contracts: await loadContracts(resolve(directory, contracts), source) };
}

async function appsWithContracts(
  apps: Readonly<Record<string, unknown>>,
  place: ContractsPlace,
): Promise<Record<string, unknown>> {
  const loaded = Object.entries(apps).map(async ([name, app]) => [
    name,
    isPlain(app) ? await withContracts(app, place) : app,
  ]);
  return Object.fromEntries(await Promise.all(loaded));
}

/**
 * Parses the merged settings, in this process or in another.
 *
 * @throws ConfigError with every problem, and the source of the value
 */
export async function complete(
  gathered: Gathered,
  { env, invented = {} }: { env: LoadOptions['env']; invented?: Invented },
): Promise<Config> {
  const { sources, file, directory, terminal } = gathered;
  const source = (path: Path) => sources[String(path[0])] ?? sources[path.slice(0, 2).join('.')] ?? file;
  const input = await withContracts(gathered.input, { directory, source: source(['contracts']) });
  if (isPlain(input.apps)) input.apps = await appsWithContracts(input.apps, { directory, source: file });
  return parseConfig(input as ConfigInput, {
    directory,
    env,
    source,
    invented,
    ...(terminal === undefined ? {} : { terminal }),
  });
}

/**
 * Loads the configuration: flags take precedence over environment variables, these over the file,
 * and the file over defaults.
 *
 * @throws ConfigError with every problem, and the source of the value
 */
export async function load(options: LoadOptions): Promise<Loaded> {
  const gathered = await gather(options);
  const config = await complete(gathered, options);
  return { config, gathered, ...(gathered.file === undefined ? {} : { file: gathered.file }) };
}

/** Same as `load`, for callers that need only the configuration. */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  return (await load(options)).config;
}
