import { createHash } from 'node:crypto';
import type { Position } from '@sluice/protocol';

/** Where a stream stands in each of its channels. */
export type Positions = ReadonlyMap<string, Position>;

/** Begins every id, so that another form can be told from it. */
const VERSION = '1-';
/** Characters that an id may have: those of `MOST_CHANNELS` channels with room to spare, and far less than a request's head. */
const LONGEST = 12_000;
const ENTRY = /^([\w-]{8})\.([0-9a-z]{1,11})\.([\w.~!*'()%-]{1,400})$/;

/** A channel within an id: short, and the same in whatever order a request names its channels. */
export const channelHash = (channel: string): string =>
  createHash('sha256').update(channel).digest('base64url').slice(0, 8);

/** One channel's part of an id. `hash` is the channel's `channelHash`. */
export const writeEntry = (hash: string, { epoch, offset }: Position): string =>
  `${hash}.${offset.toString(36)}.${encodeURIComponent(epoch)}`;

/** The id of an event: where its stream stands in all of its channels. */
export const writeId = (entries: readonly string[]): string => VERSION + entries.join(',');

/**
 * Reads the id of the last event that a client has seen.
 *
 * @returns the positions of those of `channels` that it names, or what is wrong with it
 */
export function readId(id: string, channels: readonly string[]): Positions | string {
  if (id.length > LONGEST) return `it has more than ${LONGEST} characters`;
  if (!id.startsWith(VERSION)) return 'it was not given by this gateway';
  const byHash = new Map(channels.map((channel) => [channelHash(channel), channel]));
  const positions = new Map<string, Position>();
  for (const entry of id.slice(VERSION.length).split(',')) {
    const [, hash = '', offset = '', epoch = ''] = ENTRY.exec(entry) ?? [];
    const position = { epoch: decode(epoch), offset: Number.parseInt(offset, 36) };
    if (position.epoch === null || !Number.isSafeInteger(position.offset)) return 'a part of it cannot be read';
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
