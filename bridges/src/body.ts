import { type Json, markLongNumbers } from '@sluice/protocol';
import { Unmappable } from './unmappable.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BYTE_ORDER_MARK = '\ufeff';

/**
 * All characters, also a byte order mark.
 *
 * @throws Unmappable unless it is UTF-8
 */
export function textOf(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new Unmappable('the body is not UTF-8. Use data: base64');
  }
}

/**
 * A number with more digits than JavaScript can keep becomes infinite, so that a check of the value
 * finds it. SPEC.md section 3.3.
 *
 * @throws Unmappable unless it is JSON
 */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(markLongNumbers(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)) as Json;
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

/** Is it a number that is not what the producer wrote, or may not be? Its text could name another channel. */
export const isRounded = (value: unknown): boolean =>
  typeof value === 'number' && (Number.isInteger(value) ? !Number.isSafeInteger(value) : !Number.isFinite(value));

/** Headers from values of any type. A value that has no exact text is left out. */
export function headersFrom(
  values: Readonly<Record<string, unknown>>,
  textOfValue: (value: unknown) => string | undefined = exactText,
): Record<string, string> {
  const named = Object.entries(values).flatMap(([name, value]) => {
    const text = textOfValue(value);
    return text === undefined ? [] : [[name, text] as const];
  });
  return Object.fromEntries(named);
}

/** A text, or JSON; `undefined`: a number in it was rounded, or it cannot be written, such as deep nesting. */
export function exactText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value, refuseRounded) ?? '';
  } catch {
    return undefined;
  }
}

/** For `JSON.stringify`. @throws Unmappable at a number that was rounded */
export function refuseRounded(_: string, value: unknown): unknown {
  if (isRounded(value)) throw new Unmappable('a number in it has more digits than JavaScript carries');
  return value;
}

/** Is it an object of names and values? */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
