import type { LoggedMessage } from '../engine/logged-message.ts';
import type { Part, Wire } from '../protocols/protocol.ts';

/**
 * Bytes of messages in one frame. With its envelope it stays below the 16 KB from which on uWebSockets.js writes a publish at
 * once instead of batching it, and a longer frame would hold up a slow reader's others.
 */
const FRAME = 15_800;
/** Bytes of a frame that uWebSockets.js surely writes at once. */
const UNBATCHED = 16_384;

/** A frame, and the offset of the last message in it. */
export interface JoinedFrame {
  readonly bytes: Uint8Array;
  readonly last: number;
}

/** Messages of one channel in a row; `parts` where they are encoded already. */
export interface Stretch {
  readonly channel: string;
  readonly epoch: string;
  readonly messages: readonly LoggedMessage[];
  readonly parts?: readonly Part[];
}

/** Encodes messages and joins them into frames of a good size, one at a time as the caller has room for them. */
export function* joinFrames(wire: Wire, { channel, epoch, messages, parts }: Stretch): Generator<JoinedFrame> {
  const opening = wire.open(channel, epoch);
  let joined: Part[] = [];
  let size = 0;
  let last = 0;
  for (const [at, message] of messages.entries()) {
    const part = parts?.[at] ?? wire.encodeMessage(message);
    const bytes = sizeOf(part);
    if (size > 0 && size + bytes > FRAME) {
      yield { bytes: wire.join(opening, joined), last };
      joined = [];
      size = 0;
    }
    joined.push(part);
    size += bytes;
    last = message.offset;
  }
  if (joined.length > 0) yield { bytes: wire.join(opening, joined), last };
}

/**
 * How many of these messages may be published in one turn: up to the first that needs a large frame after a smaller one.
 *
 * uWebSockets.js writes a large frame at once, and what it had batched for that socket just before it. Where the buffer refuses the batch
 * it takes the large frame all the same, so that the reader would see a hole before anybody could tell it of one.
 */
export function countForOneTurn(parts: readonly Part[]): number {
  // With its envelope a part between the two may turn out either way.
  const batched = parts.findIndex((part) => sizeOf(part) < UNBATCHED);
  if (batched === -1) return parts.length;
  const large = parts.findIndex((part, at) => at > batched && sizeOf(part) > FRAME);
  return large === -1 ? parts.length : large;
}

/** Bytes of a part, and of the comma behind it. */
const sizeOf = (part: Part): number => bytesOf(part) + 1;

/** Bytes of what is sent as it is. */
export function bytesOf(part: Part): number {
  return typeof part === 'string' ? Buffer.byteLength(part) : part.byteLength;
}
