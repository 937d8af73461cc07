import type { Json } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import { jsonOf } from '../util/shared-json.ts';

/**
 * A value grows to at most this many times the bytes of the frame that it arrived in when it is
 * written as JSON: `false` is one byte in MessagePack and six with its comma in JSON, and so is a
 * control character; in JSON itself `1e20` comes back with 21 digits.
 */
const GROWTH = 6;

/** Need a value not be measured, because the frame that it arrived in was small? */
export const isSurelySmall = (arrived: number | undefined, most: number): boolean =>
  arrived !== undefined && arrived * GROWTH <= most;

/**
 * Is a payload larger than its channel accepts?
 *
 * @param most bytes as JSON
 */
export function refuseLarge(
  name: string,
  value: Json,
  { channel, most }: { channel: string; most: number },
): Refusal | null {
  const size = Buffer.byteLength(jsonOf(value));
  if (size <= most) return null;
  return new Refusal('payload_too_large', `"${name}" has ${size} bytes as JSON; "${channel}" accepts at most ${most}`);
}
