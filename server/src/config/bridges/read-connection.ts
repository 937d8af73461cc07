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
  const resolved = isPlain(value) ? withVariables(table, value, at) : value;
  if (resolved === undefined) return {};
  const connection = readTable(table, resolved, { path, problems }) as BridgeOptions;
  const found = faultOf?.(connection);
  if (found !== undefined) problems.add([...path, found.option], found.fault);
  return withPaths(table, connection, at);
}

/** The options, with those of the environment; `undefined` if one of them is missing. */
function withVariables(
  table: BridgeSystem['connection'],
  value: Readonly<Record<string, unknown>>,
  { path, problems, env }: ConnectionAt,
): Readonly<Record<string, unknown>> | undefined {
  const names = fromEnvironment(table);
  const known = [...Object.keys(table), ...names.map((name) => `${name}Env`)];
  const resolved: Record<string, unknown> = {};
  let isComplete = true;
  const report = (name: string, fault: string) => {
    problems.add([...path, name], fault);
    isComplete = false;
  };
  for (const [name, setting] of Object.entries(value)) {
    const meant = known.includes(name) ? null : nearest(name, known);
    const base = name.replace(/Env$/, '');
    if (meant !== null) report(name, `is not an option. Did you mean "${meant}"?`);
    else if (base === name || !names.includes(base)) resolved[name] ??= setting;
    else if (setting === null || setting === undefined) continue;
    else if (value[base] != null) report(name, `is given besides "${base}". Keep one of them`);
    else {
      const found = readVariable(setting, { path: [...path, name], env, problems });
      if (found === undefined) isComplete = false;
      else resolved[base] = found;
    }
  }
  return isComplete ? resolved : undefined;
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
