import { isDeepStrictEqual } from 'node:util';
import type { ReceivedMessage } from './recorder.ts';

/**
 * Fields that a message must have; a value may be an asymmetric matcher of the test runner, e.g.
 * `expect.any(String)`.
 */
export type MessageFields = { readonly [Field in keyof ReceivedMessage]?: unknown };

/** Matches a message: by a predicate, or by some of its fields. */
export type Expected = ((message: ReceivedMessage) => boolean) | MessageFields;

interface AsymmetricMatcher {
  asymmetricMatch(value: unknown): boolean;
}

function isMatcher(value: unknown): value is AsymmetricMatcher {
  return typeof value === 'object' && value !== null && 'asymmetricMatch' in value;
}

/** Does the message match? */
export function matches(expected: Expected, message: ReceivedMessage): boolean {
  if (typeof expected === 'function') return expected(message);
  return Object.entries(expected).every(([field, value]) => {
    const actual: unknown = message[field as keyof ReceivedMessage];
    return isMatcher(value) ? value.asymmetricMatch(actual) : isDeepStrictEqual(actual, value);
  });
}
