/** Decimal digits that a double can need, and so the most that mean anything. IEEE 754-2019 section 5.12.2. */
const MOST_DIGITS = 17;
/** Characters of the shortest number that has more. */
const SHORTEST = MOST_DIGITS + 1;

/** Replacement for a number that is too long: JSON that parses to Infinity, which is refused everywhere. */
const UNREADABLE = '1e999';

/**
 * Texts and exponents, which are passed over; and long numbers. Every alternative ends where it
 * cannot go on: linear.
 */
const TOKEN = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"?|[eE][+-]?\d+|[\d.]{18,}(?:[eE][+-]?\d+)?/g;

/**
 * Makes numbers in a JSON text that have more digits than JavaScript carries unreadable, so that
 * whoever checks the value finds them: `JSON.parse` would round them without a word. SPEC.md
 * section 3.3.
 *
 * A text without such a number costs a look at every eighteenth character, and is returned as it
 * is.
 */
export function markLongNumbers(text: string): string {
  return mayHoldLongNumber(text) ? text.replace(TOKEN, (token) => (isLong(token) ? UNREADABLE : token)) : text;
}

const isLong = (token: string): boolean => isDigit(token.charCodeAt(0)) && digitsOf(token, 0) > MOST_DIGITS;

/**
 * Looks where a run of digits that is long enough cannot be missed; a text that holds such a run is
 * only suspected. A run is read once, however long it is: one of zeros or points is never a long
 * number.
 */
function mayHoldLongNumber(text: string): boolean {
  let read = 0; // everything before it was looked at
  for (let at = SHORTEST - 1; at < text.length; at += SHORTEST) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    while (start > read && isDigit(text.charCodeAt(start - 1))) start--;
    if (digitsOf(text, start) > MOST_DIGITS) return true;
    read = endOfRun(text, at);
    at = read;
  }
  return false;
}

function endOfRun(text: string, start: number): number {
  let end = start;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return end;
}

/** Significant digits of the number at `start`: those from the first to the last that is not 0. */
function digitsOf(text: string, start: number): number {
  let digits = 0;
  let upToLast = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) break;
    if (code === POINT || (code === ZERO && digits === 0)) continue;
    digits++;
    if (code !== ZERO) upToLast = digits;
  }
  return upToLast;
}

const ZERO = 48;
const POINT = 46;

/** A digit, or the point among them. */
function isDigit(code: number): boolean {
  return (code >= ZERO && code <= 57) || code === POINT;
}
