/** Checks of fields that commands share. */

import { channelNameFault } from './channel-name.ts';
import type { ErrorName } from './codes.ts';

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
