/** Reads input by a table of options. */

import { type InferOptions, isOption, type Option, type Table } from './options/option.ts';
import { isPlain, type Path, Problems, suggest } from './problems.ts';

interface Place {
  readonly path?: Path;
  readonly problems: Problems;
  /** Names in the same object that are read elsewhere. */
  readonly beside?: readonly string[];
}

/**
 * Reads every option of a table separately, so that all errors are found at once. An option that is
 * invalid or absent has its default. `null` counts as absent: it is a YAML key without a value.
 * Anything else than an object is an error: with the defaults alone it would seem to have an effect.
 */
export function readTable<T extends Table>(
  table: T,
  input: unknown,
  { path = [], problems, beside = [] }: Place,
): InferOptions<T> {
  const known = [...Object.keys(table), ...beside];
  const isObject = input === undefined || input === null || isPlain(input);
  if (!isObject) problems.add(path, `must be an object. Its options are ${known.join(', ')}`);
  const given = isPlain(input) ? input : {};
  const values = Object.entries<Option | Table>(table).map(([name, row]): [string, unknown] => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    // Options that are missing in what is no object are not reported besides.
    const at = { path: [...path, name], problems: isObject ? problems : new Problems() };
    return [name, isOption(row) ? readOption(row, value, at) : readTable(row, value, at)];
  });
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) problems.add([...path, name], `is not an option. ${suggest(name, known)}`);
  }
  // The values have the types that InferOptions derives from the schemas; the compiler cannot
  // follow this through a loop.
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as InferOptions<T>;
}

/** Same as `readTable`; `undefined` if a required option is invalid or absent. */
export function readComplete<T extends Table>(table: T, input: unknown, at: Place): InferOptions<T> | undefined {
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
