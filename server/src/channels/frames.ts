import type { Message } from '@sluice/protocol';
import type { Part, Wire } from '../protocols/protocol.ts';

/** Above 16 KB uWebSockets.js stops batching, and one frame would hold up a slow reader's others. */
const FRAME = 16_000;

/** A frame, and the offset of the last message in it. */
export interface JoinedFrame {
  readonly bytes: Uint8Array;
  readonly last: number;
}

/** Encodes messages and joins them into frames of a good size, one at a time as the caller has room for them. */
export function* joinFrames(
  wire: Wire,
  stretch: { readonly channel: string; readonly epoch: string; readonly messages: readonly Message[] },
): Generator<JoinedFrame> {
  const { channel, epoch, messages } = stretch;
  let parts: Part[] = [];
  let size = 0;
  let last = 0;
  for (const message of messages) {
    const part = wire.encodeMessage(message);
    if (size > 0 && size + part.length > FRAME) {
      yield { bytes: wire.join(channel, epoch, parts), last };
      parts = [];
      size = 0;
    }
    parts.push(part);
    size += part.length;
    last = message.offset;
  }
  if (parts.length > 0) yield { bytes: wire.join(channel, epoch, parts), last };
}
