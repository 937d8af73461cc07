import type { Filter, HistoryResult, Message, Position } from '@sluice/protocol';
import type { ChannelHost } from './channel-host.ts';
import { complete } from './complete.ts';
import type { SluiceError } from './errors.ts';
import type { Backlog, Place, RequestedStart, Subscriber } from './subscriber.ts';

/** Maximum messages of a page. SPEC.md section 4.6. */
const PAGE = 1000;

/** The subscription on the gateway that a backlog leads to. */
export interface BacklogSource {
  readonly channel: string;
  /** The filter of the subscription. */
  readonly variant: unknown;
  readonly host: Pick<ChannelHost, 'execute'>;
  /** Converts a starting point to the gateway's clock. */
  locate(start: RequestedStart): Place;
}

type ReadPage = (page: { before: number; limit: number }) => Promise<HistoryResult>;

/**
 * Reads the backlog of a subscriber and delivers it. If that fails, the subscriber reports the error,
 * and receives a gap if it started from a position.
 *
 * @param to the cursor's position when the subscriber joined
 */
export async function deliverBacklog(source: BacklogSource, subscriber: Subscriber, to: Position): Promise<void> {
  const { channel, host, variant } = source;
  const { position } = subscriber.start;
  const start = { ...source.locate(subscriber.start), ...(position && { position }) };
  const read: ReadPage = (page) =>
    host.execute(
      { type: 'history', channel, filter: variant as Filter, ...page },
      { timeout: Number.POSITIVE_INFINITY },
    );
  const { messages, ...rest } = await readBacklog(read, start, to).catch((error: SluiceError): Backlog<Message> => {
    if (subscriber.state !== 'denied' && subscriber.state !== 'ended') subscriber.fail(error);
    return { messages: [], ...(position && { gap: { to, reason: 'no_history' } }) };
  });
  // A start by time lies somewhere before all that is lost.
  if (rest.gap && !position) subscriber.position ??= { epoch: to.epoch, offset: 0 };
  subscriber.precede({ ...rest, messages: messages.map((message) => complete(message, channel, to.epoch)) });
}

/**
 * Reads the messages between a subscriber's start and the cursor, from the newest page backwards,
 * because only the messages show where a start by time is.
 */
async function readBacklog(read: ReadPage, start: Place, to: Position): Promise<Backlog<Message>> {
  const { position, since = 0, rewind = Number.POSITIVE_INFINITY } = start;
  const sameEpoch = position?.epoch === to.epoch;
  const after = Math.max(0, sameEpoch ? position.offset : position ? 0 : to.offset - rewind);
  const messages: Message[] = [];
  let before = to.offset + 1;
  let noHistory: true | undefined;
  while (before > after + 1) {
    const page = await read({ before, limit: Math.min(PAGE, before - after - 1) });
    const wanted =
      page.epoch === to.epoch ? page.messages.filter(({ offset, time }) => offset > after && time >= since) : [];
    messages.unshift(...wanted);
    noHistory = page.noHistory;
    if (page.epoch !== to.epoch) break;
    // With a filter, a page covers offsets without a message.
    before = page.covers?.from ?? wanted[0]?.offset ?? before;
    if (before <= page.first || wanted.length < page.messages.length || !(page.covers ?? wanted[0])) break;
  }
  const kept = before - 1;
  // As the gateway does for the first subscriber: nobody knows which messages are of that time. SPEC.md section 4.3.
  if (start.since !== undefined && noHistory) return { messages, gap: { to, reason: 'no_history' } };
  if (!position || (sameEpoch && kept <= after)) return { messages };
  const reason = sameEpoch ? 'retention' : 'epoch_changed';
  return { messages, gap: { to: { epoch: to.epoch, offset: kept }, reason } };
}
