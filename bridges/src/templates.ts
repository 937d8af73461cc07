import { segment } from '@sluice/protocol';
import { isRounded } from './body.ts';

/** Finds the value of a placeholder, such as `key` or `header:type`; `undefined`: there is none. */
export type Lookup = (name: string) => string | undefined;

/** A placeholder has no value in this message. */
export class MissingValue extends Error {
  override readonly name = 'MissingValue';

  constructor(template: string, placeholder: string) {
    super(`"${template}" needs a value for {${placeholder}}, which the message does not have`);
  }
}

/** The value of a placeholder is not what the producer wrote. */
export class UnsafeNumber extends Error {
  override readonly name = 'UnsafeNumber';

  constructor(pointer: string) {
    super(
      `the number at {data:${pointer}} is outside of -(2^53 - 1) to 2^53 - 1 or has more than 17 digits, so JavaScript does not know it exactly. Send it as a text`,
    );
  }
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const WHOLE = /^\{([^{}]*)\}$/;

/** @throws MissingValue */
export function fill(template: string, lookup: Lookup): string {
  return template.replaceAll(PLACEHOLDER, (_, name: string) => requiredValue(template, name, lookup));
}

/**
 * Fills in the name of a channel. A value within a longer name becomes one segment, whatever its
 * characters, so that it cannot reach the channels of another rule.
 *
 * @throws MissingValue
 */
export function fillChannel(template: string, lookup: Lookup): string {
  const [, whole] = WHOLE.exec(template) ?? [];
  if (whole !== undefined) return requiredValue(template, whole, lookup);
  return template.replaceAll(PLACEHOLDER, (_, name: string) => segment(requiredValue(template, name, lookup)));
}

function requiredValue(template: string, name: string, lookup: Lookup): string {
  const value = lookup(name);
  if (value === undefined || value === '') throw new MissingValue(template, name);
  return value;
}

/**
 * The text at a JSON pointer (RFC 6901); `undefined` if there is none, or something else than a value.
 *
 * @throws UnsafeNumber if it is an integer that was rounded: its text would name another channel
 */
export function atPointer(data: unknown, pointer: string): string | undefined {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  let at: unknown = data;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[step];
  }
  if (isRounded(at)) throw new UnsafeNumber(pointer);
  return typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean' ? String(at) : undefined;
}
