import type { Message } from '@sluice/protocol';
import { escapeText } from '../util/json-text.ts';
import type { Entry } from './engine.ts';

/** What a message is before the log has given it its place. */
type Content = Omit<Entry, 'time'>;

/** The JSON of a message. Written by hand because it runs for every message: `JSON.stringify` takes twice as long. */
export function writeMessage(message: Message): string {
  return withPlace(begin(message), message.time, message.offset);
}

/** The JSON of a message without a position; `placeContent` adds it. */
export const writeContent = (content: Content): string => `${begin(content)}}`;

/** The JSON of a message from that of its content, and its place. */
export function placeContent(json: string, time: number, offset: number): string {
  return withPlace(json.slice(0, -1), time, offset);
}

const withPlace = (begun: string, time: number, offset: number): string =>
  `${begun},"time":${time},"offset":${offset}}`;

function begin({ id, data, event, tags, from }: Content): string {
  let json =
    typeof data === 'string'
      ? `{"id":"${escapeText(id)}","data":"${escapeText(data)}"`
      : `{"id":"${escapeText(id)}","data":${JSON.stringify(data)}`;
  if (event !== undefined) json += `,"event":"${escapeText(event)}"`;
  if (tags !== undefined) json += `,"tags":${JSON.stringify(tags)}`;
  if (from !== undefined) json += `,"from":"${escapeText(from)}"`;
  return json;
}
