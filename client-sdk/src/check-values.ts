import { OPTION_INVALID } from './codes.ts';
import { SluiceError } from './index.ts';

/** Returns whether a value is allowed. */
type Test = (value: unknown) => boolean;

/** What a value must be, in words, and the test. */
export type ValueCheck = readonly [allowed: string, test: Test];

const isObject: Test = (value) => typeof value === 'object' && value !== null;
const isWhole = (value: unknown, least: number) => Number.isInteger(value) && (value as number) >= least;

export const TEXT: ValueCheck = ['a string', (value) => typeof value === 'string'];
export const OBJECT: ValueCheck = ['an object', isObject];
export const FUNCTION: ValueCheck = ['a function', (value) => typeof value === 'function'];
export const CLIENT: ValueCheck = ['a client', (value) => isObject(value) && 'channel' in (value as object)];
export const CHANNEL: ValueCheck = ['a string, null or undefined', (value) => value === null || TEXT[1](value)];
export const WHOLE: ValueCheck = ['a whole number', (value) => isWhole(value, 0)];
export const COUNT: ValueCheck = [
  'a whole number from 1, or Infinity',
  (value) => value === Infinity || isWhole(value, 1),
];
export const PAGE: ValueCheck = [
  'a whole number from 1 to 1000',
  (value) => isWhole(value, 1) && (value as number) <= 1000,
];
export const DURATION: ValueCheck = ['milliseconds above 0', (value) => typeof value === 'number' && value > 0];
export const SINCE: ValueCheck = ['a whole number or an object', (value) => isObject(value) || isWhole(value, 0)];
const UNSAYABLE = ['function', 'symbol', 'bigint'];
export const JSON_VALUE: ValueCheck = ['a JSON value', (value) => !UNSAYABLE.includes(typeof value)];

/**
 * Checks arguments against the rules. `undefined` is allowed.
 *
 * @throws SluiceError `option_invalid` with the argument's name and what it must be, or the name of
 * an option that does not exist
 */
export function checkValues(values: object, rules: Readonly<Record<string, ValueCheck>>): void {
  const unknown = Object.entries(values).find(([name, value]) => value !== undefined && !Object.hasOwn(rules, name));
  if (unknown) throw error(`"${unknown[0]}" is not an option.`);
  for (const [name, [allowed, test]] of Object.entries(rules)) {
    const value = (values as Record<string, unknown>)[name];
    if (value !== undefined && !test(value)) throw invalid(name, allowed, value);
  }
}

/** Like `checkValues`, for one required value. */
export function checkRequired(name: string, value: unknown, [allowed, test]: ValueCheck): void {
  if (!test(value)) throw invalid(name, allowed, value);
}

function invalid(name: string, allowed: string, value: unknown): SluiceError {
  // An error must not contain data of the application, except numbers.
  const kind = value === null ? 'null' : typeof value === 'number' ? `${value}` : typeof value;
  return error(`"${name}" must be ${allowed}, not ${kind}.`);
}

const error = (message: string): SluiceError =>
  new SluiceError({ code: OPTION_INVALID, name: 'option_invalid', message, retryable: false });
