/** What a segment cannot hold, and a `~` that would be read as the beginning of an escape. */
const TO_ESCAPE = /[^\w\-.~@$=+,]+|~(?=[\dA-F]{2})/g;
const ESCAPE = /~(?=[\dA-F]{2})/g;

/** As in a URL, but for the sign; and also what `encodeURIComponent` leaves as it is. */
const escapeBytes = (text: string): string =>
  encodeURIComponent(text).replace(
    /[%!'()*~]/g,
    (sign) => `~${sign === '%' ? '' : sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * Writes any text as one segment of a channel name: for users whose identity provider calls them `auth0|64f0c0ff` or
 * `jürgen@example.com`. SPEC.md section 3.1.
 *
 * A text that is a segment already stays as it is, unless it looks like one that was written by this function. Different
 * texts always have different segments. Each byte that has to be escaped takes three characters; a channel name has 200.
 *
 * @throws URIError for a text with a lone surrogate
 * @example
 * import { segment } from '@sluice/client/contracts';
 *
 * client.channel(`user:${segment('auth0|64f0c0ff')}`); // user:auth0~7C64f0c0ff
 */
export function segment(text: string): string {
  return text.replace(TO_ESCAPE, escapeBytes);
}

/**
 * Reads what a segment stands for: the text of which `segment` made it.
 *
 * @returns the segment itself, where no text has this segment
 */
export function readSegment(name: string): string {
  if (!name.includes('~')) return name;
  try {
    const text = decodeURIComponent(name.replace(ESCAPE, '%'));
    return segment(text) === name ? text : name;
  } catch {
    return name; // its bytes are not UTF-8
  }
}

/** Is this the segment of that text? Compares without writing the segment, wherever it can. */
export function isSegmentOf(name: string, text: string): boolean {
  return name.includes('~') ? text.isWellFormed() && segment(text) === name : name === text;
}
