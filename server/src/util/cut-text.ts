const ELLIPSIS = '…';

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/**
 * Cuts a text to at most `most` characters, with an ellipsis at the end. Never cuts a surrogate pair.
 *
 * @param most at least 1
 */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = isHighSurrogate(text.charCodeAt(most - 2)) ? most - 2 : most - 1;
  return text.slice(0, end) + ELLIPSIS;
}
