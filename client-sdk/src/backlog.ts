import type { GapPush, HistoryResult, Message, Position } from '@sluice/protocol';
import type { Place } from './subscriber.ts';

/** What lies between a starting point and the place where the flow of messages goes on. */
export interface Backlog<M = Message> {
  /** Comes first. */
  readonly gap?: Pick<GapPush, 'to' | 'reason'>;
  readonly messages: readonly M[];
}

/** The most that one page holds. SPEC.md section 4.6. */
const PAGE = 1000;

/**
 * Reads the backlog of someone who joins a cursor that stands further ahead. From the newest page back to the start,
 * because only the starting point says how far that is.
 *
 * @param read reads a page of the channel's log
 * @param to where the cursor stood at the time of joining
 */
export async function readBacklog(
  read: (page: { before: number; limit: number }) => Promise<HistoryResult>,
  start: Place,
  to: Position,
): Promise<Backlog> {
  const { position, since = 0, rewind = Number.POSITIVE_INFINITY } = start;
  const sameEpoch = position?.epoch === to.epoch;
  const after = Math.max(0, sameEpoch ? position.offset : position ? 0 : to.offset - rewind);
  const messages: Message[] = [];
  let before = to.offset + 1;
  while (before > after + 1) {
    const page = await read({ before, limit: Math.min(PAGE, before - after - 1) });
    const wanted =
      page.epoch === to.epoch ? page.messages.filter(({ offset, time }) => offset > after && time >= since) : [];
    messages.unshift(...wanted);
    const [oldest] = wanted;
    if (!oldest || oldest.offset <= page.first || wanted.length < page.messages.length) break;
    before = oldest.offset;
  }
  const kept = (messages[0]?.offset ?? to.offset + 1) - 1;
  if (!position || (sameEpoch && kept <= after)) return { messages };
  const reason = sameEpoch ? 'retention' : 'epoch_changed';
  return { messages, gap: { to: { epoch: to.epoch, offset: kept }, reason } };
}
