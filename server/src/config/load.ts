/** Brings flags, environment and file together: the earlier goes before the later. */

import { dirname, resolve } from 'node:path';
import type { Config, ConfigInput } from './config.ts';
import { loadContracts } from './contracts.ts';
import { findFile, readConfigFile } from './file.ts';
import { OPTION_ROWS, type OptionRow } from './options.ts';
import type { Path } from './problems.ts';
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
  /** What an earlier run made up, to be used again. */
  readonly invented?: Invented;
  /** Is the output a terminal? Default: whether standard output is one. */
  readonly terminal?: boolean;
}

/** What came together, and from where. */
export interface Loaded {
  readonly config: Config;
  /** Absolute path of the file that was read. */
  readonly file?: string;
  /** From which other processes complete the same configuration. */
  readonly gathered: Gathered;
}

/** What flags, environment and file say together, not yet checked: plain data, that another process can be given. */
export interface Gathered {
  readonly input: Record<string, unknown>;
  /** Of options that flags or the environment gave: which. */
  readonly sources: Readonly<Record<string, string>>;
  /** What an operator should know of how it came together, a sentence each. */
  readonly notes?: readonly string[];
  /** Absolute path of the file that was read. */
  readonly file?: string;
  /** Where relative paths begin. */
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

/** Where the text is not of the kind, it stays a text, and the option's schema says what is wrong. */
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

/** What an environment says about an option. Variables of service links are passed over, and noted. */
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
    if (text === '') continue; // how many tools write "not set"
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

/** Relative paths of flags and environment start at the working directory, those of a file at the file. */
function anchored(option: OptionRow, value: unknown, cwd: string): unknown {
  return option.type === 'path' && typeof value === 'string' ? resolve(cwd, value) : value;
}

/** Brings together what there is: flags go before environment variables, these before the file. */
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

/**
 * Makes a configuration of what was gathered, in this process or in another.
 *
 * @throws ConfigError with every problem, and where the value came from
 */
export async function complete(
  gathered: Gathered,
  { env, invented = {} }: { env: LoadOptions['env']; invented?: Invented },
): Promise<Config> {
  const { sources, file, directory, terminal } = gathered;
  const input = { ...gathered.input };
  const source = (path: Path) => sources[String(path[0])] ?? sources[path.slice(0, 2).join('.')] ?? file;
  if (typeof input.contracts === 'string') {
    input.contracts = await loadContracts(resolve(directory, input.contracts), source(['contracts']));
  }
  return parseConfig(input as ConfigInput, {
    directory,
    env,
    source,
    invented,
    ...(terminal === undefined ? {} : { terminal }),
  });
}

/**
 * Loads the configuration: flags go before environment variables, these before the file, this before defaults.
 *
 * @throws ConfigError with every problem, and where the value came from
 */
export async function load(options: LoadOptions): Promise<Loaded> {
  const gathered = await gather(options);
  const config = await complete(gathered, options);
  return { config, gathered, ...(gathered.file === undefined ? {} : { file: gathered.file }) };
}

/** As `load`, for those who need no more than the configuration. */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  return (await load(options)).config;
}
