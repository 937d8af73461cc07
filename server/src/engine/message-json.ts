import type { Message } from '@sluice/protocol';
import { escapeText } from '../util/json-text.ts';
import { jsonOf } from '../util/shared-json.ts';
import type { Entry } from './engine.ts';

/** What a message is before the log has given it its place. */
type Content = Omit<Entry, 'time'>;

/** The beginning of every message: readers find its id without parsing it. */
const ID = '{"id":"';

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

/** The id in the JSON of a content; `undefined` if the text cannot be one. */
export function idOfContent(json: string): string | undefined {
  if (!json.startsWith(ID) || !json.endsWith('}')) return undefined;
  const id = json.slice(ID.length, json.indexOf('"', ID.length));
  return id.includes('\\') ? (JSON.parse(json) as Content).id : id;
}

const withPlace = (begun: string, time: number, offset: number): string =>
  `${begun},"time":${time},"offset":${offset}}`;

const EXPIRES = ',"expiresAt":';
const TIME = ',"time":';

/**
 * When a message expires, from its JSON. It looks only at the end, which is as `begin` and `withPlace`
 * have written it: replay asks this for each message, and does not parse it otherwise.
 */
export function expiryOf(json: string): number | undefined {
  const end = json.lastIndexOf(TIME);
  let start = end;
  while (isDigit(json.charCodeAt(start - 1))) start--;
  if (start === end || !json.startsWith(EXPIRES, start - EXPIRES.length)) return undefined;
  return Number(json.slice(start, end));
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

function begin({ id, data, event, tags, from, origin, trace, expiresAt }: Content): string {
  let json =
    typeof data === 'string'
      ? `${ID}${escapeText(id)}","data":"${escapeText(data)}"`
      : `${ID}${escapeText(id)}","data":${jsonOf(data)}`;
  if (event !== undefined) json += `,"event":"${escapeText(event)}"`;
  if (tags !== undefined) json += `,"tags":${JSON.stringify(tags)}`;
  if (from !== undefined) json += `,"from":"${escapeText(from)}"`;
  // A channel's name has nothing to escape.
  if (origin !== undefined) json += `,"origin":{"channel":"${origin.channel}","offset":${origin.offset}}`;
  if (trace !== undefined) json += `,"trace":"${escapeText(trace)}"`;
  // The last one: `expiryOf`, and the scripts of the Redis engine, find it at the end.
  if (expiresAt !== undefined) json += `${EXPIRES}${expiresAt}`;
  return json;
}
