import type { Closing, Target } from '../../../manage/local-actions.ts';
import { Refusal } from '../../../refusal.ts';
import { type Fields, readFlag, readPattern, readText, readTexts } from '../../fields.ts';

/** Connections that an action may leave out. */
export const MOST_EXCEPTIONS = 1_000;
/** Characters of a reason: a close frame has room for 123 bytes. */
export const LONGEST_REASON = 200;
const LONGEST_NAME = 200;

/** Reads `{ pattern?, except?, reason?, reconnect? }`: on whose connections something is done, and how. */
export function readTarget(fields: Fields, user: string): (Target & Closing) | Refusal {
  const pattern = readText(fields, 'pattern', LONGEST_NAME);
  const parsed = typeof pattern === 'string' ? readPattern(pattern) : undefined;
  const except = readTexts(fields, 'except', MOST_EXCEPTIONS);
  const reason = readText(fields, 'reason', LONGEST_REASON);
  const reconnect = readFlag(fields, 'reconnect');
  for (const value of [pattern, parsed, except, reason, reconnect]) if (value instanceof Refusal) return value;
  return defined({ user, pattern, except, reason, reconnect }) as unknown as Target & Closing;
}

/** Without the fields that are `undefined`. */
export const defined = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
