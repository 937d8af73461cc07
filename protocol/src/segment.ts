/**
 * Characters that a segment cannot contain, and a `~` that would be decoded as the beginning of an
 * escape.
 */
const TO_ESCAPE = /[^\w\-.~@$=+,]+|~(?=[\dA-F]{2})/g;
const ESCAPE = /~(?=[\dA-F]{2})/g;

/**
 * Like percent-encoding, but with another sign, and including characters that `encodeURIComponent`
 * leaves unchanged.
 */
const escapeBytes = (text: string): string =>
  encodeURIComponent(text).replace(
    /[%!'()*~]/g,
    (sign) => `~${sign === '%' ? '' : sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/**
 * Encodes any text as one segment of a channel name, for user ids such as `auth0|64f0c0ff` or
 * `jürgen@example.com`. SPEC.md section 3.1.
 *
 * A valid segment stays unchanged, unless it looks like the result of this function. Different
 * texts always have different segments. Each byte that has to be escaped takes three characters;
 * a channel name has at most 200.
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
 * Decodes a segment: the text from which `segment` made it.
 *
 * @returns the segment itself if no text has this segment
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

/** Is this the segment of that text? Compares without encoding the text if possible. */
export function isSegmentOf(name: string, text: string): boolean {
  return name.includes('~') ? text.isWellFormed() && segment(text) === name : name === text;
}
