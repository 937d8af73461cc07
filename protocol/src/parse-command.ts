import type { ErrorName } from './codes.ts';
import type { Command, CommandType } from './commands.ts';
import { checkData } from './data.ts';
import { checkDraft } from './draft.ts';
import { channelProblem, channelsProblem, type Fields, invalid, isCount, type Problem } from './field-checks.ts';
import { checkFilter } from './filter-check.ts';
import { groupCommandFault } from './group-commands.ts';
import { LIMITS } from './limits.ts';
import { unknownCommand } from './refusals.ts';
import { REQUEST_CHECKS } from './request-checks.ts';
import { SCHEDULE_CHECKS } from './schedule-checks.ts';

/** Why a value is not a valid command. SPEC.md section 8.1. */
export interface CommandFault {
  /** The command's id, if it has a valid one. */
  readonly id?: number;
  readonly error: ErrorName;
  readonly detail: string;
}

export type ParsedCommand = { readonly command: Command } | { readonly fault: CommandFault };

function countProblem(fields: Fields, names: readonly string[]): Problem {
  const wrong = names.find((name) => fields[name] !== undefined && !isCount(fields[name]));
  return wrong === undefined ? null : invalid(`"${wrong}" must be an integer from 0 to 2^53 - 1`);
}

function atMostOne(fields: Fields, names: readonly string[]): Problem {
  const given = names.filter((name) => fields[name] !== undefined);
  return given.length > 1
    ? invalid(`only one of ${given.map((name) => `"${name}"`).join(' and ')} may be given`)
    : null;
}

function positionProblem({ position }: Fields): Problem {
  if (position === undefined) return null;
  const { epoch, offset } = (typeof position === 'object' && position !== null ? position : {}) as Fields;
  const valid = typeof epoch === 'string' && epoch.length > 0 && epoch.length <= 128 && isCount(offset);
  return valid ? null : invalid('"position" must be { "epoch": string, "offset": integer }');
}

function subProblem({ sub }: Fields): Problem {
  if (sub === undefined || (isCount(sub) && sub >= 1 && sub <= LIMITS.subscriptionId)) return null;
  const most = LIMITS.subscriptionId;
  return invalid(`"sub" must be an integer from 1 to ${most}: a connection has at most ${most} filters per channel`);
}

function tokenProblem({ token }: Fields, required: boolean): Problem {
  if (token === undefined && !required) return null;
  if (typeof token !== 'string') return invalid('"token" must be a string');
  return token.length <= LIMITS.tokenLength
    ? null
    : invalid(`"token" may have at most ${LIMITS.tokenLength} characters`);
}

function limitProblem({ limit }: Fields): Problem {
  if (limit === undefined || (isCount(limit) && limit >= 1 && limit <= LIMITS.historyPage)) return null;
  return invalid(`"limit" must be an integer from 1 to ${LIMITS.historyPage}`);
}

const filterProblem = ({ filter }: Fields): Problem => (filter === undefined ? null : checkFilter(filter));

function stateProblem({ state }: Fields): Problem {
  const fault = state === undefined ? null : checkData(state);
  return fault === null ? null : { error: 'payload_invalid', detail: fault.replace(/^data/, 'state') };
}

function groupProblem(fields: Fields): Problem {
  const fault = groupCommandFault(fields);
  return fault === null ? null : invalid(fault);
}

/** For each command: a check of its fields, which returns the first error. */
const CHECKS: { readonly [Type in CommandType]: (fields: Fields) => Problem } = {
  connect: (fields) => {
    const { client } = fields;
    const named = client === undefined || (typeof client === 'string' && client.length <= 128);
    return (
      tokenProblem(fields, false) ?? (named ? null : invalid('"client" must be a string of at most 128 characters'))
    );
  },
  refresh: (fields) => tokenProblem(fields, true),
  subscribe: (fields) =>
    channelsProblem(fields) ??
    subProblem(fields) ??
    countProblem(fields, ['rewind', 'since']) ??
    positionProblem(fields) ??
    atMostOne(fields, ['rewind', 'since', 'position']) ??
    filterProblem(fields),
  unsubscribe: (fields) => channelsProblem(fields) ?? subProblem(fields),
  publish: (fields) =>
    channelProblem(fields) ??
    (fields.series === undefined ? null : countProblem(fields, ['series'])) ??
    checkDraft(fields),
  history: (fields) =>
    channelProblem(fields) ??
    limitProblem(fields) ??
    countProblem(fields, ['after', 'before']) ??
    atMostOne(fields, ['after', 'before']) ??
    filterProblem(fields),
  enter: (fields) => channelProblem(fields) ?? stateProblem(fields),
  leave: channelProblem,
  watch: channelProblem,
  unwatch: channelProblem,
  members: (fields) => channelProblem(fields) ?? limitProblem(fields) ?? countProblem(fields, ['after']),
  ...SCHEDULE_CHECKS,
  ...REQUEST_CHECKS,
  ping: () => null,
  consume: (fields) => channelProblem(fields) ?? groupProblem(fields),
  stop: (fields) => channelProblem(fields) ?? groupProblem(fields),
  ack: (fields) => channelProblem(fields) ?? groupProblem(fields),
  nack: (fields) => channelProblem(fields) ?? groupProblem(fields),
  extend: (fields) => channelProblem(fields) ?? groupProblem(fields),
};

const isCommandType = (type: string): type is CommandType => Object.hasOwn(CHECKS, type);

/** Parses a value of a frame as a command, and ignores unknown fields. SPEC.md section 4. */
export function parseCommand(value: unknown): ParsedCommand {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { fault: { error: 'command_invalid', detail: 'a command must be an object' } };
  }
  const fields = value as Fields;
  const { id, type } = fields;
  if (!isCount(id) || id === 0) {
    return { fault: { error: 'command_invalid', detail: '"id" must be an integer from 1 to 2^53 - 1' } };
  }
  if (typeof type !== 'string') return { fault: { id, error: 'command_invalid', detail: '"type" must be a string' } };
  if (!isCommandType(type)) return { fault: { id, ...unknownCommand(type) } };
  const problem = CHECKS[type](fields);
  return problem === null ? { command: fields as unknown as Command } : { fault: { id, ...problem } };
}
