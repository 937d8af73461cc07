const encoder = new TextEncoder();

/** The longest beginning of a text that fits into a number of bytes as UTF-8, without cutting a character. */
export function fitting(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  return text.slice(0, encoder.encodeInto(text, new Uint8Array(bytes)).read);
}
