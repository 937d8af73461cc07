import type { Message } from '@sluice/protocol';
import { LoggedMessage } from '../logged-message.ts';
import { placeContent } from '../message-json.ts';

/**
 * An announcement, as it goes through a feed: `epoch offset time content`, where the content is
 * JSON. `! epoch` announces a new life.
 */
export type Announcement =
  | { readonly epoch: string; readonly message: LoggedMessage }
  | { readonly epoch: string; readonly message: null };

/**
 * A message from what Redis keeps of it.
 *
 * @throws SyntaxError when it is none
 */
export function readMessage(content: string, offset: number, time: number): LoggedMessage {
  const json = placeContent(content, time, offset);
  return LoggedMessage.of(JSON.parse(json) as Message, json); // parsed at once: only valid announcements are passed on
}

/** @throws SyntaxError when it is none */
export function readAnnouncement(text: string): Announcement {
  const first = text.indexOf(' ');
  if (text.startsWith('! ')) return { epoch: text.slice(2), message: null };
  const second = text.indexOf(' ', first + 1);
  const third = text.indexOf(' ', second + 1);
  const offset = Number(text.slice(first + 1, second));
  const time = Number(text.slice(second + 1, third));
  if (!Number.isSafeInteger(offset) || offset < 1 || !Number.isFinite(time))
    throw new SyntaxError('not an announcement');
  return { epoch: text.slice(0, first), message: readMessage(text.slice(third + 1), offset, time) };
}
