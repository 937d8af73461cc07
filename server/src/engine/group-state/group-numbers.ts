import type { GroupStats } from '../groups.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { GroupLog } from './operation.ts';
import type { Unsettled } from './unsettled.ts';

/**
 * The numbers of a group on a log of its epoch. What was due before `now` and waits for the next claim
 * to be handled is neither in flight nor delayed any more.
 */
export function numbersOf(
  unsettled: Unsettled,
  dead: DeadLetters,
  { log, now }: { log: GroupLog; now: number },
): GroupStats {
  const { head, epoch } = log;
  const inFlight = unsettled.countUntil('in_flight', now);
  const delayed = unsettled.countUntil('delayed', now);
  return {
    ...{ epoch, floor: unsettled.floor, head, dead: dead.size },
    ...{ ready: head - unsettled.next + unsettled.size - inFlight - delayed, inFlight, delayed },
    oldest: timeOf(unsettled.oldest, unsettled, log),
  };
}

/** When a message was published; `null`: there is none at this offset. */
function timeOf(offset: number, unsettled: Unsettled, log: GroupLog): number | null {
  const copy = unsettled.get(offset)?.copy;
  if (copy !== undefined) return copy.message.time;
  return offset >= log.first && offset <= log.head ? log.at(offset).message.time : null;
}
