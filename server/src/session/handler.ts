import type { Command, CommandType, Results } from '@sluice/protocol';
import type { Refusal } from '../refusal.ts';
import type { Session } from './session.ts';

export type CommandOf<Type extends CommandType> = Extract<Command, { type: Type }>;

/** What came of a command: its result, or an expected "no". */
export type Outcome<Type extends CommandType> = Results[Type] | Refusal;

/** Carries out one kind of command. `size`: bytes of the frame that it came in. */
export type Handler<Type extends CommandType> = (
  session: Session,
  command: CommandOf<Type>,
  size: number,
) => Outcome<Type> | Promise<Outcome<Type>>;
