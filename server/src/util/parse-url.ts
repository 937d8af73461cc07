/**
 * Parses a URL.
 *
 * Not by `URL.canParse`: in Node.js 20 it answers `false` for a text with characters like "ü" once it was
 * called some thousand times.
 *
 * @returns `null` if it is not a URL
 */
export function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
