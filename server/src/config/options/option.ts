/** One row of a table of options, and the types that the compiler derives from a table. */

import { z } from 'zod';

/** How the text of an environment variable or a flag is parsed. */
export type TextKind = 'text' | 'number' | 'boolean' | 'list' | 'secret' | 'apiKey';

/** An option without its default. `Out` is the checked value, `In` the input. */
interface Described<Out, In> {
  readonly schema: z.ZodType<Out, In>;
  /** Is it required? Its schema, applied to `undefined`, provides the error. */
  readonly required?: true;
  /** The default, for people. */
  readonly defaultText: string;
  /** The kind of value, for people. */
  readonly type: string;
  /** Environment variables, in order of precedence. */
  readonly env?: readonly string[];
  /** Flag of `sluice serve` and `sluice check`, in commander's notation. */
  readonly flag?: string;
  readonly kind?: TextKind;
  readonly description: string;
}

/** An option: a row of the table. */
export interface Option<Out = unknown, In = unknown> extends Described<Out, In> {
  /**
   * The value if the option is absent; `undefined` if it depends on other options, as `defaultText`
   * explains.
   */
  readonly default?: Out;
}

/** Options by name. A table within a table is a section: an object of options in the file. */
export interface Table {
  // `any`: rows of all types, whose types InferOptions and InferInput read.
  // biome-ignore lint/suspicious/noExplicitAny: an Option<unknown> does not accept every option
  readonly [name: string]: Option<any, any> | Table;
}

/** Makes a row, typed by its schema. */
export function option<Out, In>(row: Described<Out, In> & { readonly default: NoInfer<Out> }): Option<Out, In>;
export function option<Out, In>(row: Described<Out, In> & { readonly required: true }): Option<Out, In>;
export function option<Out, In>(row: Described<Out, In>): Option<Out | undefined, In>;
export function option<Out, In>(row: Option<Out, In>): Option<Out | undefined, In> {
  return row;
}

type Flat<T> = { [K in keyof T]: T[K] };

/** An option that has no default may be absent. */
type AbsentIn<T> = {
  [K in keyof T]: T[K] extends Option<infer Out, infer _> ? (undefined extends Out ? K : never) : never;
}[keyof T];

type ValueOf<Row> = Row extends Option<infer Out, infer _> ? Exclude<Out, undefined> : InferOptions<Row>;

/** The checked values of a table. */
export type InferOptions<T> = Flat<
  { readonly [K in Exclude<keyof T, AbsentIn<T>>]: ValueOf<T[K]> } & { readonly [K in AbsentIn<T>]?: ValueOf<T[K]> }
>;

/** The input type of a table: every option may be omitted. */
export type InferInput<T> = { [K in keyof T]?: T[K] extends Option<infer _, infer In> ? In : InferInput<T[K]> };

export const isOption = (row: Option | Table): row is Option => row.schema instanceof z.ZodType;

const entriesOf = (table: Table) => Object.entries<Option | Table>(table);

/** An option with its path in the file: `limits.maxFrame`. */
export interface OptionRow extends Option {
  readonly path: string;
}

/** The options of a table and its sections, in order. */
export function rowsOf(table: Table, section = ''): OptionRow[] {
  return entriesOf(table).flatMap(([name, row]) => {
    const path = `${section}${name}`;
    return isOption(row) ? { ...row, path } : rowsOf(row, `${path}.`);
  });
}

/** A list whose entries are checked by a separate parser. */
export const listOf = <Entry>(example: string) =>
  z.array(z.custom<Entry>(), { error: `must be a list. Example: ${example}` }).readonly();
