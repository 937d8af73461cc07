import type { LoggedMessage } from '../engine/logged-message.ts';
import type { Part, Wire } from '../protocols/protocol.ts';
import type { Fanout } from '../transport/connection.ts';
import { PLAIN, type Variant, viewOf } from './audience.ts';
import { ENVELOPE_BYTES } from './budgets.ts';

/** Bytes of messages that a frame may hold so that the transport batches it with others. */
export const batchedBytes = ({ batchLimit }: Pick<Fanout, 'batchLimit'>): number => batchLimit - ENVELOPE_BYTES;

/** A frame, and the offset of the last message in it. */
export interface JoinedFrame {
  readonly bytes: Uint8Array;
  readonly last: number;
}

/** Messages of one channel in a row; `parts` where they are encoded already. */
export interface MessageRun {
  /** What their pushes begin with. */
  readonly prefix: Part;
  readonly messages: readonly LoggedMessage[];
  readonly parts?: readonly Part[];
  readonly variant?: Variant;
}

/**
 * Encodes messages and joins them into frames, one at a time as the caller has room for them.
 *
 * @param most bytes of messages in one frame; a message that has more gets a frame of its own
 */
export function* joinFrames(
  wire: Wire,
  { prefix, messages, parts, variant = PLAIN }: MessageRun,
  most: number,
): Generator<JoinedFrame> {
  const { perFrame = Number.POSITIVE_INFINITY } = wire;
  let joined: Part[] = [];
  let size = 0;
  let last = 0;
  for (const [at, message] of messages.entries()) {
    const part = parts?.[at] ?? wire.encodeMessage(viewOf(variant, message));
    const bytes = sizeOf(part);
    if (joined.length >= perFrame || (size > 0 && size + bytes > most)) {
      yield { bytes: wire.join(prefix, joined), last };
      joined = [];
      size = 0;
    }
    joined.push(part);
    size += bytes;
    last = message.offset;
  }
  if (joined.length > 0) yield { bytes: wire.join(prefix, joined), last };
}

/**
 * How many of these messages may be published in one turn: up to the first that needs a large frame
 * after a smaller one.
 *
 * The transport writes a large frame at once, after what it had batched for that socket. If the
 * buffer refuses the batch, the large frame is sent all the same, and the reader would see a hole
 * before the gateway could report it.
 */
export function countForOneTurn(parts: readonly Part[], fanout: Pick<Fanout, 'batchLimit'>): number {
  const { batchLimit } = fanout;
  const most = batchedBytes(fanout);
  // With its envelope a part between the two may turn out either way.
  const batched = parts.findIndex((part) => sizeOf(part) < batchLimit);
  if (batched === -1) return parts.length;
  const large = parts.findIndex((part, at) => at > batched && sizeOf(part) > most);
  return large === -1 ? parts.length : large;
}

/** Bytes of a part, and of the comma behind it. */
const sizeOf = (part: Part): number => bytesOf(part) + 1;

/** Bytes of what is sent as it is. */
export function bytesOf(part: Part): number {
  return typeof part === 'string' ? Buffer.byteLength(part) : part.byteLength;
}
