import type { Cursor } from '../channels/cursor.ts';
import { channelHash, writeEntry, writeId } from '../protocols/sse/position.ts';

/** The line with the stream's position in all its channels. */
export class PositionLine {
  readonly #hashes = new Map<string, string>();

  /** Empty without cursors. */
  write(cursors: Iterable<Cursor>): string {
    const entries: string[] = [];
    for (const cursor of cursors) entries.push(writeEntry(this.#hash(cursor.channelName), standOf(cursor)));
    return entries.length === 0 ? '' : `id: ${writeId(entries)}\n`;
  }

  #hash(channel: string): string {
    const known = this.#hashes.get(channel);
    if (known !== undefined) return known;
    const hash = channelHash(channel);
    this.#hashes.set(channel, hash);
    return hash;
  }
}

/** The last message that was sent to the stream, by fan-out or by replay. */
function standOf({ state, channel, epoch, offset }: Cursor): { epoch: string; offset: number } {
  return state === 'live' ? { epoch: channel.epoch, offset: channel.sent } : { epoch, offset };
}
