import { createHash } from 'node:crypto';
import type { Position } from '@sluice/protocol';

/** The positions of a stream in its channels. */
export type Positions = ReadonlyMap<string, Position>;

/** The prefix of every id, so that later formats can be distinguished. */
const VERSION = '1-';
/**
 * Maximum characters of an id: enough for `MOST_CHANNELS` channels, and much less than the head of
 * a request.
 */
const LONGEST = 12_000;
const ENTRY = /^([\w-]{8})\.([0-9a-z]{1,11})\.([\w.~!*'()%-]{1,400})$/;

/** A short hash of a channel for ids, independent of the order of channels in a request. */
export const channelHash = (channel: string): string =>
  createHash('sha256').update(channel).digest('base64url').slice(0, 8);

/** One channel's part of an id. `hash` is the channel's `channelHash`. */
export const writeEntry = (hash: string, { epoch, offset }: Position): string =>
  `${hash}.${offset.toString(36)}.${encodeURIComponent(epoch)}`;

/** The id of an event: the position of its stream in all channels. */
export const writeId = (entries: readonly string[]): string => VERSION + entries.join(',');

/**
 * Parses the id of the last event that a client received.
 *
 * @returns the positions of the `channels` that it contains, or what is wrong with it
 */
export function readId(id: string, channels: readonly string[]): Positions | string {
  if (id.length > LONGEST) return `it has more than ${LONGEST} characters`;
  if (!id.startsWith(VERSION)) return 'it is not an id of this gateway';
  const byHash = new Map(channels.map((channel) => [channelHash(channel), channel]));
  const positions = new Map<string, Position>();
  for (const entry of id.slice(VERSION.length).split(',')) {
    const [, hash = '', offset = '', epoch = ''] = ENTRY.exec(entry) ?? [];
    const position = { epoch: decode(epoch), offset: Number.parseInt(offset, 36) };
    if (position.epoch === null || !Number.isSafeInteger(position.offset)) return 'a part of it cannot be parsed';
    const channel = byHash.get(hash);
    if (channel !== undefined) positions.set(channel, { epoch: position.epoch, offset: position.offset });
  }
  return positions;
}

function decode(text: string): string | null {
  try {
    return text === '' ? null : decodeURIComponent(text);
  } catch {
    return null;
  }
}
