import type { CommandType } from './commands.ts';
import { checkDraft } from './draft.ts';
import { channelProblem, type Fields, invalid, isCount, type Problem } from './field-checks.ts';
import { LIMITS } from './limits.ts';

function dueProblem({ delay, at }: Fields): Problem {
  if ((delay === undefined) === (at === undefined)) return invalid('one of "delay" and "at" must be given');
  if (delay !== undefined && !isCount(delay)) return invalid('"delay" must be milliseconds: an integer from 0');
  return at === undefined || isCount(at) ? null : invalid('"at" must be milliseconds since the Unix epoch');
}

function messageProblem({ message }: Fields): Problem {
  if (typeof message === 'string' && message !== '' && message.length <= LIMITS.keyLength) return null;
  return invalid('"message" must be the "id" from the result of "schedule"');
}

/** The checks of the commands of SPEC.md section 13. */
export const SCHEDULE_CHECKS = {
  schedule: (fields: Fields) =>
    channelProblem(fields) ??
    dueProblem(fields) ??
    (fields.if === undefined ? null : invalid('"if" is not for scheduled messages')) ??
    checkDraft(fields),
  unschedule: (fields: Fields) => channelProblem(fields) ?? messageProblem(fields),
} satisfies { readonly [Type in CommandType]?: (fields: Fields) => Problem };
