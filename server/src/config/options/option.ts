import { z } from 'zod';

/** How the text of an environment variable or a flag becomes a value. */
export type TextKind = 'text' | 'number' | 'boolean' | 'list' | 'secret' | 'apiKey';

export interface Option {
  /** `limits.maxFrame`: name in the file, nested at the dot. */
  readonly path: string;
  readonly schema: z.ZodType;
  /** What it is when nobody says; `undefined` where that depends, and `defaultText` says on what. */
  readonly default?: unknown;
  readonly defaultText: string;
  /** The kind of value, for people. */
  readonly type: string;
  /** Environment variables, the strongest first. */
  readonly env?: readonly string[];
  /** Flag of `sluice serve` and `sluice check`, in the notation of commander. */
  readonly flag?: string;
  readonly kind?: TextKind;
  readonly description: string;
}

/** A list whose entries have checks of their own. */
export const listOf = (what: string) => z.array(z.unknown(), { error: `must be a list — ${what}` });
