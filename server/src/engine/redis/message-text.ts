import { LoggedMessage } from '../logged-message.ts';
import { idOfContent, placeContent } from '../message-json.ts';

/** What was announced on a feed; without a message: a new epoch began. */
export interface Announcement {
  readonly epoch: string;
  readonly message: LoggedMessage | null;
  /** Of the message. */
  readonly id: string;
}

/** A message of a log, not parsed yet. */
export interface StoredMessage {
  readonly message: LoggedMessage;
  readonly id: string;
}

/**
 * A message from what Redis keeps of it.
 *
 * @throws SyntaxError if `content` is not one
 */
export function readMessage(content: string, offset: number, time: number): StoredMessage {
  const id = idOfContent(content);
  if (id === undefined) throw new SyntaxError('not a message');
  return { id, message: LoggedMessage.read(placeContent(content, time, offset), offset) };
}

/**
 * Reads one line of an announcement, `epoch offset time length content`, or `! epoch`. The length
 * shows that the line is ours and whole, so its content need not be parsed.
 *
 * @throws SyntaxError if it is neither
 */
export function readAnnouncement(line: string): Announcement {
  if (line.startsWith('! ')) return { epoch: line.slice(2), message: null, id: '' };
  const first = line.indexOf(' ');
  const second = line.indexOf(' ', first + 1);
  const third = line.indexOf(' ', second + 1);
  const fourth = line.indexOf(' ', third + 1);
  const offset = Number(line.slice(first + 1, second));
  const time = Number(line.slice(second + 1, third));
  const length = Number(line.slice(third + 1, fourth));
  const isWhole = fourth > third && length === line.length - fourth - 1;
  if (!isWhole || !Number.isSafeInteger(offset) || offset < 1 || !Number.isFinite(time))
    throw new SyntaxError('not an announcement');
  return { epoch: line.slice(0, first), ...readMessage(line.slice(fourth + 1), offset, time) };
}
