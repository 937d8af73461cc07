/** Checks of what the embedding program passes, by the rules of the protocol and of the HTTP API. */

import {
  type CommandType,
  channelNameFault,
  LIMITS,
  parseCommand,
  unknownChannel,
  userNameFault,
} from '@sluice/protocol';
import { type Fields, readFlag, readPattern, readText } from './api/fields.ts';
import { readTarget } from './api/routes/manage/read-target.ts';
import { refuseUnavailable } from './channels/refuse-unavailable.ts';
import type { RuleMatch, Rules } from './channels/rules.ts';
import type { Closing, Target } from './manage/local-actions.ts';
import type { ChannelsQuery, ConnectionsQuery, PageQuery } from './manage/manage.ts';
import { errorOf } from './program-requests.ts';
import { Refusal } from './refusal.ts';
import { SluiceError } from './sluice-error.ts';
import type { NowOrLater } from './util/now-or-later.ts';

/** Characters of the name of a node, or of the id of a connection. */
const LONGEST_NAME = 200;

export const invalid = (detail: string): SluiceError => new SluiceError('command_invalid', detail);

/** The value of an outcome. @throws SluiceError if it is a refusal */
export function orThrow<T>(outcome: T | Refusal): T {
  if (outcome instanceof Refusal) throw errorOf(outcome);
  return outcome;
}

/** @throws SluiceError if it is a refusal, or if the engine or the other nodes cannot be reached */
export async function answered<T>(outcome: Promise<T | Refusal>): Promise<T> {
  return orThrow<T>(await outcome.catch(refuseUnavailable));
}

/** As `answered`; what `act` throws rejects the promise. */
export function perform<T>(act: () => NowOrLater<T | Refusal>): Promise<T> {
  return answered(new Promise<T | Refusal>((resolve) => resolve(act())));
}

/** Checks the fields of a command. @throws SluiceError */
export function checkCommand(type: CommandType, fields: object): void {
  const parsed = parseCommand({ ...fields, type, id: 1 });
  if ('fault' in parsed) throw new SluiceError(parsed.fault.error, parsed.fault.detail);
}

/** @throws SluiceError */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalid(`"${name}" must be a function`);
}

/** @throws SluiceError */
export function checkChannel(channel: unknown): void {
  if (typeof channel !== 'string') throw invalid('"channel" must be a string');
  const fault = channelNameFault(channel);
  if (fault !== null) throw new SluiceError('channel_invalid', fault);
}

/** The rule of a channel. @throws SluiceError */
export function matchOf(rules: Rules, channel: unknown): RuleMatch {
  checkChannel(channel);
  const match = rules.match(channel as string);
  if (match === null) throw new SluiceError('channel_unknown', unknownChannel(channel as string).detail);
  return match;
}

/** @throws SluiceError */
export function checkUser(user: unknown): void {
  const fault = userNameFault(user);
  if (fault !== null) throw invalid(`the name of the user ${fault}`);
}

/** @throws SluiceError */
export function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string') throw invalid(`"${name}" must be a string`);
  orThrow(readText({ [name]: value }, name, LONGEST_NAME));
}

/** @throws SluiceError */
export function checkLimit(limit: unknown): void {
  const isLimit = Number.isInteger(limit) && (limit as number) >= 1 && (limit as number) <= LIMITS.historyPage;
  if (limit !== undefined && !isLimit) throw invalid(`"limit" must be a whole number from 1 to ${LIMITS.historyPage}`);
}

/** An offset or ordinal. @throws SluiceError */
export function checkCount(name: string, value: unknown, least = 0): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least)) return;
  throw invalid(`"${name}" must be a whole number of at least ${least}`);
}

/** @throws SluiceError */
export function checkFlag(name: string, value: unknown): void {
  orThrow(readFlag({ [name]: value }, name));
}

/** A cursor is checked where it is read. @throws SluiceError */
export function checkChannelsQuery({ pattern, limit }: ChannelsQuery): void {
  checkLimit(limit);
  if (pattern !== undefined) orThrow(readPattern(pattern));
}

/** @throws SluiceError */
export function checkConnectionsQuery({ user, node, slow, limit }: ConnectionsQuery & PageQuery): void {
  checkLimit(limit);
  if (user !== undefined) checkUser(user);
  if (node !== undefined) checkText('node', node);
  checkFlag('slow', slow);
}

/** Whose connections an action is about, and how it ends them. @throws SluiceError */
export function targetOf(user: string, options: Omit<Target, 'user'> & Closing): Target & Closing {
  checkUser(user);
  return orThrow(readTarget(options as Fields, user));
}

/** @throws SluiceError */
export function checkClosing(options: Closing): Closing {
  const { reason, reconnect } = orThrow(readTarget(options as Fields, ''));
  return { ...(reason !== undefined && { reason }), ...(reconnect !== undefined && { reconnect }) };
}
