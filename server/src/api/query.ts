/** The query of a request, checked like the fields of a command. */

import { Refusal } from '../refusal.ts';

const NUMBER = /^\d{1,15}$/;

/** The options of a query, each with its smallest and largest value. */
export type NumberOptions = Readonly<Record<string, { readonly min: number; readonly max: number }>>;

/**
 * Parses a query whose options are whole numbers. An unknown option is refused: it would be ignored
 * silently otherwise.
 */
export function readNumbers<Options extends NumberOptions>(
  query: URLSearchParams,
  options: Options,
): { readonly [Name in keyof Options]?: number } | Refusal {
  const numbers: Record<string, number> = {};
  for (const [name, text] of query) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) return unknownOption(name, options);
    const value = Number(text);
    if (!NUMBER.test(text) || value < option.min || value > option.max) {
      return new Refusal('command_invalid', `"${name}" must be a whole number from ${option.min} to ${option.max}`);
    }
    if (Object.hasOwn(numbers, name)) return new Refusal('command_invalid', `"${name}" must be given once`);
    numbers[name] = value;
  }
  return numbers as { [Name in keyof Options]?: number };
}

function unknownOption(name: string, options: NumberOptions): Refusal {
  const known = Object.keys(options);
  const allowed = known.length === 0 ? 'It has none' : `Its options are ${known.join(', ')}`;
  return new Refusal('command_invalid', `the query has no option ${JSON.stringify(name.slice(0, 40))}. ${allowed}`);
}
