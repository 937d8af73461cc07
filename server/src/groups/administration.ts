/** What backends and the program can learn of a consumer group, and do with it. It does not check permissions. */

import { ERRORS, type ErrorName, type Message, type Position } from '@sluice/protocol';
import type { Log } from '../engine/engine.ts';
import type { DeadLetter, GroupStats } from '../engine/groups.ts';
import { Refusal } from '../refusal.ts';
import { pastFault } from '../util/moment.ts';
import type { GroupTarget } from './group-names.ts';
import type { Groups } from './groups.ts';

/** A group, and what knows it. */
export interface AdministeredGroup extends GroupTarget {
  readonly groups: Groups;
}

/** The numbers of a consumer group. */
export interface GroupNumbers extends Omit<GroupStats, 'oldest'> {
  readonly group: string;
  /** Age of the oldest message that is not settled, in milliseconds; 0: there is none. */
  readonly oldestAge: number;
}

/** A message that a group has given up. */
export interface ListedLetter extends Omit<DeadLetter, 'message'> {
  readonly message: Message;
  /** Why the channel for dead letters does not accept it. */
  readonly refused?: { readonly error: ErrorName; readonly detail: string };
}

/** A page of the dead letters of a group. */
export interface LetterPage {
  /** Number of all dead letters. */
  readonly total: number;
  /** The oldest first. */
  readonly letters: readonly ListedLetter[];
  /** `after` of the next page; absent: this is the last one. */
  readonly next?: number;
}

/** Dead letters of one call. */
const MOST_ORDINALS = 1_000;

export async function numbersOf({ groups, ref, rule }: AdministeredGroup): Promise<GroupNumbers> {
  const { oldest, ...stats } = await groups.store.stats(ref, rule.delivery);
  const age = oldest === null ? 0 : Math.max(0, groups.clock.now() - oldest);
  return { group: ref.group, ...stats, oldestAge: age };
}

export async function lettersOf(
  { groups, ref }: AdministeredGroup,
  { after = 0, limit = 100 }: { readonly after?: number | undefined; readonly limit?: number | undefined },
): Promise<LetterPage> {
  const { letters, total } = await groups.store.dead(ref, after, limit);
  const last = letters.at(-1)?.ordinal;
  const isFull = letters.length === limit && last !== undefined;
  const listed = letters.map(({ message, ...letter }) => ({
    ...letter,
    ...refusedOf(groups.refusalOf(ref, letter.ordinal)),
    message: message.message,
  }));
  return { total, letters: listed, ...(isFull ? { next: last } : undefined) };
}

const refusedOf = (refusal: Refusal | undefined): Pick<ListedLetter, 'refused'> => {
  if (refusal === undefined) return {};
  const { error, detail = ERRORS[error].message } = refusal;
  return { refused: { error, detail } };
};

/** Dead letters are delivered again, as if for the first time. @param given their ordinals; absent: all */
export async function redrive({ groups, ref, rule }: AdministeredGroup, given: unknown): Promise<number | Refusal> {
  const ordinals = given === undefined ? null : readOrdinals(given);
  return ordinals instanceof Refusal ? ordinals : groups.store.redrive(ref, rule.delivery, ordinals);
}

/** Removes dead letters for good. @param given their ordinals */
export async function discard({ groups, ref }: AdministeredGroup, given: unknown): Promise<number | Refusal> {
  const ordinals = readOrdinals(given);
  return ordinals instanceof Refusal ? ordinals : groups.store.bury(ref, ordinals);
}

function readOrdinals(ordinals: unknown): readonly number[] | Refusal {
  const isList = Array.isArray(ordinals) && ordinals.length >= 1 && ordinals.length <= MOST_ORDINALS;
  const isValid = isList && ordinals.every((ordinal) => Number.isSafeInteger(ordinal) && ordinal > 0);
  return isValid
    ? [...new Set(ordinals as number[])]
    : new Refusal('command_invalid', `"ordinals" must be a list of 1 to ${MOST_ORDINALS} ordinals of dead letters`);
}

/** Where a group is moved to, as a caller gives it: one of both. */
export interface SeekTarget {
  readonly offset?: unknown;
  readonly time?: unknown;
}

/** Moves the group: what is before counts as settled, what is after is delivered again if the log still holds it. */
export async function seek(
  { groups, ref, rule }: AdministeredGroup,
  target: SeekTarget,
  log: Log,
): Promise<Position | Refusal> {
  const fault = targetFault(target, groups.clock.now());
  if (fault !== null) return new Refusal('command_invalid', fault);
  const { offset, time } = target;
  const to = offset === undefined ? await log.seek(ref.channel, time as number) : (offset as number);
  return groups.store.seek(ref, rule.delivery, to);
}

function targetFault({ offset, time }: SeekTarget, now: number): string | null {
  if ((offset === undefined) === (time === undefined)) {
    return 'give "offset", the last settled message, or "time", in ms since the Unix epoch';
  }
  // 0 is the beginning of the log; any other time before 1974 is one in seconds.
  if (offset === undefined) return time === 0 ? null : pastFault('time', time, now);
  if (Number.isSafeInteger(offset) && (offset as number) >= 0) return null;
  return `"offset" must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}`;
}
