/** Kinds of values that options share. Every message is `what is wrong. What to do`. */

import { z } from 'zod';
import { nearest } from '../util/nearest.ts';

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;
export const KIB = 1024;
export const MIB = 1024 ** 2;

function parseUnits(text: string, units: Readonly<Record<string, number>>): number | null {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = unit === '' ? 1 : Object.hasOwn(units, unit) ? units[unit] : undefined;
  return amount === undefined || factor === undefined ? null : Math.round(Number(amount) * factor);
}

/** Parses `5s`, `10m`, `24h`, `7d`, `250ms` or plain ms. `null` for anything else. */
export const parseDuration = (text: string): number | null => parseUnits(text, MS);

/** Parses `64KiB`, `1MiB`, `512B` or plain bytes. `null` for anything else. */
export const parseSize = (text: string): number | null => parseUnits(text, BYTES);

function formatUnits(value: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([, factor]) => value >= factor && value % factor === 0);
  const [unit, factor] = fitting.at(-1) ?? Object.entries(units)[0] ?? ['', 1];
  return `${value / factor}${unit}`;
}

/** Formats ms in the largest unit that is exact: `10m`. */
export const formatDuration = (ms: number): string => formatUnits(ms, MS);

/** Formats bytes in the largest unit that is exact: `64KiB`. */
export const formatSize = (bytes: number): string => formatUnits(bytes, BYTES);

interface Range {
  readonly min: number;
  readonly max: number;
}

interface Units {
  parse(text: string): number | null;
  format(value: number): string;
  readonly kind: string;
  readonly fix: string;
}

function withUnits({ min, max }: Range, { parse, format, kind, fix }: Units) {
  const notOne = `is not a ${kind}. ${fix}`;
  return z.union([z.number(), z.string()], { error: notOne }).transform((input, context) => {
    const value = typeof input === 'number' ? input : parse(input);
    if (value !== null && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const range = `is out of range. Choose from ${format(min)} to ${format(max)}`;
    context.addIssue({ code: 'custom', message: value === null || !Number.isSafeInteger(value) ? notOne : range });
    return z.NEVER;
  });
}

/** A duration from `min` to `max` ms. */
export const duration = (range: Range) =>
  withUnits(range, {
    parse: parseDuration,
    format: formatDuration,
    kind: 'duration',
    fix: 'Write milliseconds, or "5s", "10m", "24h", "7d"',
  });

/** A size from `min` to `max` bytes. */
export const size = (range: Range) =>
  withUnits(range, { parse: parseSize, format: formatSize, kind: 'size', fix: 'Write bytes, or "64KiB", "1MiB"' });

/** A whole number from `min` to `max`. */
export function whole({ min, max }: Range) {
  const error = `must be a whole number. Choose from ${min} to ${max}`;
  return z.number({ error }).int(error).min(min, error).max(max, error);
}

/** True or false. */
export const flag = () => z.boolean({ error: 'must be true or false. Write it without quotes' });

/** A non-empty text. */
export const text = (what: string) => {
  const error = `must be ${what}. It must not be empty`;
  return z.string({ error }).min(1, error);
};

/** One of the given words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, { error: ({ input }) => `is not one of the known values. ${choiceOf(input, words)}` });

/** Some of the given words; a single one is a list of one. */
export const someOf = <const T extends readonly [string, ...string[]]>(words: T, what: string) =>
  z.custom<readonly T[number][] | T[number]>().superRefine((input: unknown, context) => {
    const list: readonly unknown[] = Array.isArray(input) ? input : [input];
    for (const [at, word] of list.entries()) {
      if (typeof word === 'string' && words.includes(word)) continue;
      const message = `is not one of the ${what}. ${choiceOf(word, words)}`;
      context.addIssue({ code: 'custom', message, path: Array.isArray(input) ? [at] : [] });
    }
  });

function choiceOf(input: unknown, words: readonly string[]): string {
  const near = typeof input === 'string' ? nearest(input, words) : null;
  return `Choose ${words.join(', ')}${near === null ? '' : `. Did you mean "${near}"?`}`;
}

/** One text, or a list of texts. */
export const texts = (what: string) =>
  z.union([text(what), z.array(text(what)).readonly()], {
    error: `must be ${what}, or a list of them. None may be empty`,
  });

/** A list; a single text is a list of one. */
export const oneOrMore = (entry: z.ZodType<string, string>, params: { readonly error: string }) =>
  z
    .custom<string | readonly string[]>()
    .transform((value) => (typeof value === 'string' ? [value] : value))
    .pipe(z.array(entry, params).readonly());
