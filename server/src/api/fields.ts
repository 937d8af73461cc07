/** The fields of a body, checked one by one. */

import { type Pattern, PatternError, parsePattern } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import type { Request } from '../transport/http.ts';
import { readJson } from './body.ts';

export type Fields = Readonly<Record<string, unknown>>;

const wrong = (detail: string): Refusal => new Refusal('command_invalid', detail);

/**
 * Reads a body that is an object with these fields only: an unknown field would be ignored silently
 * otherwise. No body is an object without fields.
 */
export async function readFields(request: Request, names: readonly string[]): Promise<Fields | Refusal> {
  const body = request.bodyLength === 0 ? { value: {} } : await readJson(request);
  if (body instanceof Refusal) return body;
  const { value } = body;
  const form = `{ ${names.join(', ')} }`;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return wrong(`the body must be an object ${form}`);
  const strange = Object.keys(value).find((name) => !names.includes(name));
  if (strange === undefined) return value as Fields;
  const known = names.length === 0 ? 'it has none' : `the fields are ${names.join(', ')}`;
  return wrong(`unknown field ${JSON.stringify(strange.slice(0, 40))}; ${known}`);
}

/** A pattern of a caller: literal segments, `*`, and a last `**`. */
export function readPattern(source: unknown): Pattern | Refusal {
  if (typeof source !== 'string') return wrong('a channel or pattern must be a string like "chat:*"');
  try {
    const pattern = parsePattern(source);
    if (!pattern.segments.some(({ kind }) => kind === 'param')) return pattern;
    return new Refusal('channel_invalid', `"${source}": {param} is for rules only. Use * for one segment`);
  } catch (error) {
    if (error instanceof PatternError) return new Refusal('channel_invalid', error.message);
    throw error;
  }
}

/** A text of limited length, or none. */
export function readText(fields: Fields, name: string, most: number): string | undefined | Refusal {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= most) return value;
  return wrong(`"${name}" must be a string of 1 to ${most} characters`);
}

/** A list of texts, or none. One text is a list of one. */
export function readTexts(fields: Fields, name: string, most: number): readonly string[] | undefined | Refusal {
  const value = fields[name];
  if (value === undefined) return undefined;
  const list = typeof value === 'string' ? [value] : value;
  if (Array.isArray(list) && list.length <= most && list.every((entry) => typeof entry === 'string')) return list;
  return wrong(`"${name}" must be a string, or a list of at most ${most} strings`);
}

/** True, false, or none. */
export function readFlag(fields: Fields, name: string): boolean | undefined | Refusal {
  const value = fields[name];
  return value === undefined || typeof value === 'boolean' ? value : wrong(`"${name}" must be true or false`);
}
