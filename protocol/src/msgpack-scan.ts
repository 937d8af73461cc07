import { LIMITS } from './limits.ts';

/** Maximum levels of a frame: those of `data`, and the envelope around it. */
export const FRAME_DEPTH = LIMITS.dataDepth + 8;

/** Remaining items on each level. One array for all frames, because a scan is never interrupted. */
const left = new Float64Array(FRAME_DEPTH + 1);

/** What follows the head byte, for 0xc0 to 0xdf: bytes of the value itself, or one of the kinds below. */
const REFUSED = -1;
const TEXT = 16;
const ARRAY = 32;
const MAP = 64;
/** The kind, plus the width of the length that follows the head byte. */
const AFTER_HEAD = Int8Array.of(
  ...[0, REFUSED, 0, 0, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, 4, 8, 1, 2, 4, 8],
  ...[1, 2, 4, 8, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, TEXT + 1, TEXT + 2, TEXT + 4],
  ...[ARRAY + 2, ARRAY + 4, MAP + 2, MAP + 4],
);

/** Reads an unsigned integer of `width` bytes. Missing bytes make it NaN, which fails every check. */
function lengthAt(bytes: Uint8Array, at: number, width: number): number {
  let length = 0;
  for (let i = 0; i < width; i++) length = length * 256 + (bytes[at + i] ?? Number.NaN);
  return length;
}

/**
 * Checks the structure of a MessagePack value before anything is allocated for it: the lengths in
 * all its headers against the existing bytes, and its depth. One pass over the headers, which skips
 * texts. SPEC.md section 2.2.
 *
 * @returns is it exactly one value, nested at most `FRAME_DEPTH` levels, of the formats that the
 *   protocol uses?
 */
export function isSoundMsgpack(bytes: Uint8Array): boolean {
  const end = bytes.length;
  left[0] = 1;
  let depth = 0;
  let at = 0;
  /** Remaining items on all levels: each has at least one byte. */
  let owed = 1;
  while (owed > 0) {
    const head = bytes[at++] ?? 0xc1;
    let skip = 0;
    let items = 0;
    if (head < 0x80 || head >= 0xe0) {
      // An integer within its head byte.
    } else if (head < 0x90) items = (head & 15) * 2;
    else if (head < 0xa0) items = head & 15;
    else if (head < 0xc0) skip = head & 31;
    else {
      const kind = AFTER_HEAD[head - 0xc0] as number;
      if (kind === REFUSED) return false;
      if (kind < TEXT) skip = kind;
      else {
        const width = kind & 15;
        const length = lengthAt(bytes, at, width);
        at += width;
        if (kind < ARRAY) skip = length;
        else items = kind < MAP ? length : length * 2;
      }
    }
    at += skip;
    owed += items - 1;
    if (!(owed <= end - at)) return false;
    left[depth] = (left[depth] as number) - 1;
    if (items > 0) {
      if (depth === FRAME_DEPTH) return false;
      left[++depth] = items;
    } else while (depth > 0 && left[depth] === 0) depth--;
  }
  return at === end;
}
