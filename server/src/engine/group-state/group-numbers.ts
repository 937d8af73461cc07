import type { GroupStats } from '../groups.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { GroupLog } from './operation.ts';
import type { Unsettled } from './unsettled.ts';

/** The numbers of a group on a log of its epoch. */
export function numbersOf(unsettled: Unsettled, dead: DeadLetters, log: GroupLog): GroupStats {
  const { head, epoch } = log;
  return {
    ...{ epoch, floor: unsettled.floor, head, dead: dead.size },
    ready: head - unsettled.next + unsettled.count('ready') + unsettled.count('blocked'),
    inFlight: unsettled.count('in_flight'),
    delayed: unsettled.count('delayed'),
    oldest: timeOf(unsettled.oldest, unsettled, log),
  };
}

/** When a message was published; `null`: there is none at this offset. */
function timeOf(offset: number, unsettled: Unsettled, log: GroupLog): number | null {
  const copy = unsettled.get(offset)?.copy;
  if (copy !== undefined) return copy.message.time;
  return offset >= log.first && offset <= log.head ? log.at(offset).message.time : null;
}
