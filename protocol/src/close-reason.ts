import { ERRORS, type ErrorName } from './codes.ts';

/** Bytes of UTF-8 that a close frame has for its reason. RFC 6455 section 5.5. */
const ROOM = 123;

const ELLIPSIS = '…';

/** Bytes of a code point in UTF-8. */
function bytesOf(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

const isSurrogate = (point: number): boolean => point >= 0xd800 && point <= 0xdfff;

/** What a text may hold so that a close frame can carry it: no lone surrogate, which UTF-8 does not know. */
const pointsOf = (text: string): number[] =>
  [...text].map((character) => {
    const point = character.codePointAt(0) ?? 0;
    return isSurrogate(point) ? 0xfffd : point;
  });

const sizeOf = (points: readonly number[]): number => points.reduce((size, point) => size + bytesOf(point), 0);

const textOf = (points: readonly number[]): string => points.map((point) => String.fromCodePoint(point)).join('');

/** As much of a text as there is room for, cut between characters. */
function fit(points: readonly number[]): string {
  if (sizeOf(points) <= ROOM) return textOf(points);
  const kept: number[] = [];
  let size = sizeOf(pointsOf(ELLIPSIS));
  for (const point of points) {
    size += bytesOf(point);
    if (size > ROOM) break;
    kept.push(point);
  }
  return textOf(kept) + ELLIPSIS;
}

/**
 * The reason that a WebSocket is closed with: `name: what is wrong`, and what to do about it where there is room. At most 123 bytes
 * of UTF-8. SPEC.md section 8.2.
 *
 * @param detail replaces the catalogue's sentence, as in `errorBody`
 */
export function closeReason(name: ErrorName, detail?: string): string {
  const { message, remedy } = ERRORS[name];
  // A character takes a byte at least, so that what lies behind the cut would not fit anyway.
  const reason = pointsOf(`${name}: ${detail ?? message}`.slice(0, ROOM + 2));
  const withRemedy = [...reason, ...pointsOf(`${/[.!?]$/.test(detail ?? message) ? '' : '.'} ${remedy}`)];
  return sizeOf(withRemedy) <= ROOM ? textOf(withRemedy) : fit(reason);
}
