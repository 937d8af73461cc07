import { LIMITS } from '@sluice/protocol';
import type { Log } from '../engine/engine.ts';
import type { MessagePlace } from './published-messages.ts';
import type { Subject } from './verdict.ts';

/** How many messages of a log are searched for an id, from the newest back. */
export const SEARCHED = 5 * LIMITS.historyPage;

/** Finds a message by its id, among the newest ones of a log. */
export async function findById(log: Log, channel: string, id: string): Promise<MessagePlace | undefined> {
  const { head } = await log.read(channel, 0, 0);
  const last = Math.max(0, head - SEARCHED);
  for (let after = head; after > last; ) {
    after = Math.max(last, after - LIMITS.historyPage);
    const { messages } = await log.read(channel, after, LIMITS.historyPage);
    const found = messages.find(({ message }) => message.id === id);
    if (found !== undefined) return { id, channel, offset: found.message.offset };
  }
  return undefined;
}

/** A message as its log has it; `null`: the log has never had the offset. */
export async function readSubject(
  log: Log,
  { channel, offset, id }: Omit<MessagePlace, 'id'> & { readonly id?: string | undefined },
): Promise<Subject | null> {
  const { epoch, head, messages } = await log.read(channel, offset - 1, 1);
  if (offset < 1 || offset > head) return null;
  const message = messages[0]?.message;
  if (message?.offset !== offset) return { channel, epoch, offset, id };
  return { channel, epoch, offset, id: message.id, time: message.time };
}
