/** The connection of a bridge: from the configuration's input to checked options. */

import type { BridgeOptions } from '../../bridge.ts';
import { nearest } from '../../util/nearest.ts';
import { rowsOf } from '../options/option.ts';
import { isPlain, type Path, type Problems } from '../problems.ts';
import { readNamedFile } from '../read-file.ts';
import { readTable } from '../read-table.ts';
import { readVariable } from '../read-variable.ts';
import type { BridgeSystem } from './bridge-system.ts';

/** Where the connection is, and what is around the configuration. */
interface ConnectionAt {
  readonly path: Path;
  readonly problems: Problems;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The base of relative paths. */
  readonly directory: string;
}

/** Names of options that a variable can have: it is a text. */
const fromEnvironment = (table: BridgeSystem['connection']): readonly string[] =>
  rowsOf(table)
    .filter(({ type }) => type !== 'boolean')
    .map(({ path }) => path);

/** Reads the options of a connection. `urlEnv: NAME` is `url` from the environment. */
export function readConnection(
  { connection: table, fault: faultOf }: BridgeSystem,
  value: unknown,
  at: ConnectionAt,
): BridgeOptions {
  const { path, problems } = at;
  const { resolved, failed } = isPlain(value) ? withVariables(table, value, at) : { resolved: value, failed: [] };
  const connection = readTable(withoutRequired(table, failed), resolved, { path, problems }) as BridgeOptions;
  const found = faultOf?.({ ...connection, ...Object.fromEntries(failed.map((name) => [name, ''])) });
  if (found !== undefined) problems.add([...path, found.option], found.fault);
  return withPaths(table, connection, at);
}

/** With options that were given, although not correctly: that they are required would be a second error. */
const withoutRequired = (table: BridgeSystem['connection'], failed: readonly string[]): BridgeSystem['connection'] =>
  Object.fromEntries(
    Object.entries(table).map(([name, row]) => [name, failed.includes(name) ? { ...row, required: undefined } : row]),
  ) as BridgeSystem['connection'];

interface Resolved {
  /** The options, with those of the environment. */
  readonly resolved: Readonly<Record<string, unknown>>;
  /** Options that are not in `resolved`, because their variable or their name is wrong. */
  readonly failed: readonly string[];
}

/** Takes options from the environment, and reports what is wrong with that. */
function withVariables(
  table: BridgeSystem['connection'],
  value: Readonly<Record<string, unknown>>,
  { path, problems, env }: ConnectionAt,
): Resolved {
  const names = fromEnvironment(table);
  const known = [...Object.keys(table), ...names.map((name) => `${name}Env`)];
  const resolved: Record<string, unknown> = {};
  const failed: string[] = [];
  for (const [name, setting] of Object.entries(value)) {
    const meant = known.includes(name) ? null : nearest(name, known);
    const base = name.replace(/Env$/, '');
    if (meant !== null) {
      problems.add([...path, name], `is not an option. Did you mean "${meant}"?`);
      failed.push(meant.replace(/Env$/, ''));
    } else if (base === name || !names.includes(base)) resolved[name] ??= setting;
    else if (setting === null || setting === undefined) continue;
    else if (value[base] != null) problems.add([...path, name], `is given besides "${base}". Keep one of them`);
    else {
      const found = readVariable(setting, { path: [...path, name], env, problems });
      if (found === undefined) failed.push(base);
      else resolved[base] = found;
    }
  }
  return { resolved, failed };
}

/** With absolute paths, of files that can be read. */
function withPaths(
  table: BridgeSystem['connection'],
  connection: BridgeOptions,
  { path, problems, directory }: ConnectionAt,
): BridgeOptions {
  const paths = rowsOf(table).flatMap(({ path: name, type }): [string, string][] => {
    const file = connection[name];
    if (type !== 'path' || typeof file !== 'string') return [];
    const found = readNamedFile(file, { path: [...path, name], directory, problems });
    return found === undefined ? [] : [[name, found.full]];
  });
  return { ...connection, ...Object.fromEntries(paths) };
}
