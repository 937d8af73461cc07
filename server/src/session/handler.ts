import type { Command, CommandType, Results } from '@sluice/protocol';
import type { Refusal } from '../refusal.ts';
import type { Decided } from './decided.ts';
import type { SessionContext } from './session-context.ts';

export type CommandOf<Type extends CommandType> = Extract<Command, { type: Type }>;

/** What came of a command: its result, or an expected "no". */
export type Outcome<Type extends CommandType> = Results[Type] | Refusal;

/**
 * Carries out one kind of command.
 *
 * @param decided what a function has decided about it, if it had to; for `session.authorize`
 * @param size bytes of the frame that it came in
 */
export type Handler<Type extends CommandType> = (
  session: SessionContext,
  command: CommandOf<Type>,
  decided: Decided | null,
  size: number,
) => Outcome<Type> | Promise<Outcome<Type>>;
