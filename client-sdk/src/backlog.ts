import type { GapPush, HistoryResult, Message, Position } from '@sluice/protocol';
import { complete } from './complete.ts';
import type { SluiceError } from './errors.ts';
import type { Place, Subscriber } from './subscriber.ts';

/** What lies between a starting point and the place where the flow of messages goes on. */
export interface Backlog<M = Message> {
  /** Comes first. */
  readonly gap?: Pick<GapPush, 'to' | 'reason'>;
  readonly messages: readonly M[];
}

/** The most that one page holds. SPEC.md section 4.6. */
const PAGE = 1000;

interface Range {
  readonly start: Place;
  /** Where the cursor stood at the time of joining. */
  readonly to: Position;
}

type ReadPage = (page: { before: number; limit: number }) => Promise<HistoryResult>;

/**
 * Reads the backlog of a subscriber and passes it on. If that fails, the subscriber reports why, and a position that was
 * promised becomes a gap.
 *
 * @param read reads a page of the channel's log
 */
export async function deliverBacklog(subscriber: Subscriber, read: ReadPage, { start, to }: Range): Promise<void> {
  const { channel } = subscriber.remote;
  const { messages, ...rest } = await readBacklog(read, start, to).catch((error: SluiceError): Backlog => {
    if (subscriber.state !== 'denied' && subscriber.state !== 'ended') subscriber.fail(error);
    return { messages: [], ...(start.position && { gap: { to, reason: 'no_history' } }) };
  });
  subscriber.precede({ ...rest, messages: messages.map((message) => complete(message, channel, to.epoch)) });
}

/**
 * Reads the backlog of someone who joins a cursor that stands further ahead. From the newest page back to the start,
 * because only the starting point says how far that is.
 */
async function readBacklog(read: ReadPage, start: Place, to: Position): Promise<Backlog> {
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
