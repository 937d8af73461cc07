/** The query of a request, checked like the fields of a command. */

import { checkFilter, type Filter } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';

const NUMBER = /^\d{1,15}$/;

/** The options of a query, each with its smallest and largest value. */
export type NumberOptions = Readonly<Record<string, { readonly min: number; readonly max: number }>>;

/** The filter of a query: `filter`, as JSON. SPEC.md section 3.5. */
export function readFilter(query: URLSearchParams): { readonly filter?: Filter } | Refusal {
  const text = query.get('filter');
  if (text === null) return {};
  try {
    const filter: unknown = JSON.parse(text);
    const fault = checkFilter(filter);
    return fault === null ? { filter: filter as Filter } : new Refusal(fault.error, fault.detail);
  } catch {
    return new Refusal('filter_invalid', '"filter" must be JSON, like {"event":"created"}. Encode it for the URL');
  }
}

/**
 * Parses a query whose options are whole numbers. An unknown option is refused: it would be ignored
 * silently otherwise.
 *
 * @param others options that are read elsewhere
 */
export function readNumbers<Options extends NumberOptions>(
  query: URLSearchParams,
  options: Options,
  others: readonly string[] = [],
): { readonly [Name in keyof Options]?: number } | Refusal {
  const numbers: Record<string, number> = {};
  for (const [name, text] of query) {
    if (others.includes(name)) continue;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) return unknownOption(name, [...Object.keys(options), ...others]);
    const value = Number(text);
    if (!NUMBER.test(text) || value < option.min || value > option.max) {
      return new Refusal('command_invalid', `"${name}" must be a whole number from ${option.min} to ${option.max}`);
    }
    if (Object.hasOwn(numbers, name)) return new Refusal('command_invalid', `"${name}" must be given once`);
    numbers[name] = value;
  }
  return numbers as { [Name in keyof Options]?: number };
}

/** Refuses a query with other options than these. */
export function refuseOptions(query: URLSearchParams, known: readonly string[] = []): Refusal | null {
  const strange = [...query.keys()].find((name) => !known.includes(name));
  return strange === undefined ? null : unknownOption(strange, known);
}

function unknownOption(name: string, known: readonly string[]): Refusal {
  const allowed = known.length === 0 ? 'It has none' : `Its options are ${known.join(', ')}`;
  return new Refusal('command_invalid', `the query has no option ${JSON.stringify(name.slice(0, 40))}. ${allowed}`);
}
