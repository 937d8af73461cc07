/** Reads input by a table of options. */

import { type InferOptions, isOption, type Option, type Table } from './options/option.ts';
import { isPlain, type Path, type Problems, suggest } from './problems.ts';

/**
 * Reads every option of a table separately, so that all errors are found at once. An option that is
 * invalid or absent has its default. `null` counts as absent: it is a YAML key without a value.
 */
export function readTable<T extends Table>(
  table: T,
  input: unknown,
  { path = [], problems }: { path?: Path; problems: Problems },
): InferOptions<T> {
  const given = isPlain(input) ? input : {};
  const values = Object.entries<Option | Table>(table).map(([name, row]): [string, unknown] => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const at = { path: [...path, name], problems };
    return [name, isOption(row) ? readOption(row, value, at) : readSection(row, value, at)];
  });
  const known = Object.keys(table);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) problems.add([...path, name], `is not an option. ${suggest(name, known)}`);
  }
  // The values have the types that InferOptions derives from the schemas; the compiler cannot
  // follow this through a loop.
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as InferOptions<T>;
}

/** Same as `readTable`; `undefined` if a required option is invalid or absent. */
export function readComplete<T extends Table>(
  table: T,
  input: unknown,
  at: { path: Path; problems: Problems },
): InferOptions<T> | undefined {
  const values = readTable(table, input, at);
  const isComplete = Object.entries<Option | Table>(table).every(
    ([name, row]) => !isOption(row) || row.required !== true || Object.hasOwn(values, name),
  );
  return isComplete ? values : undefined;
}

interface At {
  readonly path: Path;
  readonly problems: Problems;
}

function readOption(option: Option, value: unknown, { path, problems }: At): unknown {
  const isAbsent = value === undefined || value === null;
  if (isAbsent && option.required !== true) return option.default;
  return problems.check(path, option.schema, isAbsent ? undefined : value) ?? option.default;
}

function readSection(table: Table, value: unknown, at: At): unknown {
  if (value !== undefined && value !== null && !isPlain(value)) {
    at.problems.add(at.path, `must be an object. Its options are ${Object.keys(table).join(', ')}`);
  }
  return readTable(table, value, at);
}
