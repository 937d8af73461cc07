import type { Origin } from '@sluice/protocol';
import type { Copy } from '../engine.ts';
import type { Appending } from './batch.ts';
import { encodeMessage } from './records.ts';

/** Bytes that a copy has more than its message, at most: a channel of 200 characters, an offset, an expiry. */
const ORIGIN = 350;

/** The append of a copy, when the place of its origin is known. */
export function appendingOf({ channel, entry, options }: Copy, origin: Origin): Appending {
  const own = { ...entry, origin };
  return { channel, entry: own, body: encodeMessage(own), options };
}

/** Bytes that the body of a copy has at most, from the body of its origin. */
export const largestBody = (body: Buffer): number => body.length + ORIGIN;
