import { ERRORS, type ErrorName } from './codes.ts';

/** Maximum bytes of the reason in a close frame. RFC 6455 section 5.5. */
const ROOM = 123;

const ELLIPSIS = '…';

/** Bytes of a code point in UTF-8. */
function bytesOf(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

const isSurrogate = (point: number): boolean => point >= 0xd800 && point <= 0xdfff;

/** Replaces lone surrogates, which UTF-8 cannot encode. */
const pointsOf = (text: string): number[] =>
  [...text].map((character) => {
    const point = character.codePointAt(0) ?? 0;
    return isSurrogate(point) ? 0xfffd : point;
  });

const sizeOf = (points: readonly number[]): number => points.reduce((size, point) => size + bytesOf(point), 0);

const textOf = (points: readonly number[]): string => points.map((point) => String.fromCodePoint(point)).join('');

/** The beginning of a text that fits, cut between characters. */
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
 * The reason in a close frame: `name: message`, and the remedy if there is room. At most 123 bytes
 * of UTF-8. SPEC.md section 8.2.
 *
 * @param detail replaces the catalogue's message, as in `errorBody`
 */
export function closeReason(name: ErrorName, detail?: string): string {
  const { message, remedy } = ERRORS[name];
  // A character has at least one byte, so the text behind the cut would not fit anyway.
  const reason = pointsOf(`${name}: ${detail ?? message}`.slice(0, ROOM + 2));
  const withRemedy = [...reason, ...pointsOf(`${/[.!?]$/.test(detail ?? message) ? '' : '.'} ${remedy}`)];
  return sizeOf(withRemedy) <= ROOM ? textOf(withRemedy) : fit(reason);
}
