const encoder = new TextEncoder();

/** The beginning of a text that has at most so many bytes as UTF-8. No character is cut through. */
export function fitting(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  return text.slice(0, encoder.encodeInto(text, new Uint8Array(bytes)).read);
}
