import type { Json } from '@sluice/protocol';
import { Unmappable } from './unmappable.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws Unmappable unless it is UTF-8 */
export function textOf(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new Unmappable('the body is not UTF-8. Use data: base64');
  }
}

/** @throws Unmappable unless it is JSON */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Unmappable('the body is not JSON');
  }
}

/** The value of a header; brokers disagree about the case of names. */
export function headerOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  if (Object.hasOwn(headers, name)) return headers[name];
  const wanted = name.toLowerCase();
  const found = Object.keys(headers).find((each) => each.toLowerCase() === wanted);
  return found === undefined ? undefined : headers[found];
}

/** Is it an integer that `JSON.parse` may have rounded? Its text could name another channel. */
export const isRounded = (value: unknown): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);

/** Headers from JSON, whose values are text or become text. A number that was rounded is left out. */
export function headersFromJson(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const named = Object.entries(values)
    .filter(([, value]) => !isRounded(value))
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  return Object.fromEntries(named);
}

/** Is it an object of names and values? */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
