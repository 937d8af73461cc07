/** Checks of fields that commands share. */

import { channelNameFault } from './channel-name.ts';
import type { ErrorName } from './codes.ts';
import { isWildcard, PatternError, parsePattern } from './patterns.ts';
import { printableMessage } from './refusals.ts';

/** The unchecked fields of a command. */
export type Fields = Readonly<Record<string, unknown>>;

/** Result of a check: `null`, or the error of the reply. */
export type Problem = { readonly error: ErrorName; readonly detail: string } | null;

export const invalid = (detail: string): Problem => ({ error: 'command_invalid', detail });
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export function channelProblem({ channel }: Fields): Problem {
  if (typeof channel !== 'string') return invalid('"channel" must be a string');
  const detail = channelNameFault(channel);
  return detail === null ? null : { error: 'channel_invalid', detail };
}

/** A channel, or a pattern of channels with `*` and `**`. SPEC.md section 4.3. */
export function channelsProblem(fields: Fields): Problem {
  const { channel } = fields;
  if (typeof channel !== 'string' || !isWildcard(channel)) return channelProblem(fields);
  try {
    const { segments } = parsePattern(channel);
    if (segments.every(({ kind }) => kind !== 'param')) return null;
    return { error: 'channel_invalid', detail: 'a pattern of channels has no {param}. Use * for one segment' };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return { error: 'channel_invalid', detail: printableMessage(error.message) };
  }
}
