import { Refusal } from '../refusal.ts';
import type { Logged, ScheduleLog } from './schedule-log.ts';
import type { ScheduledMessage } from './schedule-record.ts';

/** A message to accept. */
export interface Acceptance {
  readonly record: ScheduledMessage;
  readonly key: string | undefined;
  /** Why it cannot be accepted now, unless it was accepted before. */
  readonly refusal: Refusal | null;
  /** Appends it, or says why no more may wait. */
  readonly append: (record: ScheduledMessage, key: string | undefined) => Promise<Logged | Refusal>;
}

/** How often a message may be withdrawn and scheduled again with the same key, within an hour. */
const MOST_WITHDRAWN = 16;

/**
 * Appends a scheduled message, once for its key. A repeat gets the place of the first one, also if the
 * message could not be accepted any more: its time may have passed while the first reply was lost. A
 * message that was withdrawn does not count.
 *
 * @throws EngineUnavailable
 */
export async function acceptOnce(
  log: Pick<ScheduleLog, 'recall' | 'isWithdrawn'>,
  { record, key, refusal, append }: Acceptance,
): Promise<Logged | Refusal> {
  if (key === undefined) return refusal ?? append(record, undefined);
  let name = key;
  for (let withdrawn = 0; withdrawn < MOST_WITHDRAWN; withdrawn++) {
    const appended = refusal ?? (await append(record, name));
    const found = appended instanceof Refusal ? ((await log.recall(name)) ?? appended) : appended;
    if (found instanceof Refusal) return found;
    if (!found.isRepeat || !(await log.isWithdrawn(found.id))) return found;
    name = `${key} after ${found.id}`;
  }
  return new Refusal(
    'command_invalid',
    `${MOST_WITHDRAWN} messages with this "key" were withdrawn within an hour. Use another key`,
  );
}
