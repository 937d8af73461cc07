/** Control characters, other than line breaks and tabs. */
const CONTROLS = /(?![\n\t])\p{Cc}/gu;

/**
 * The fields of a line for a terminal, which control characters of a peer could clear or deceive: they
 * are shown like in JSON.
 */
export function printable(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, printableValue(value)]));
}

function printableValue(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(CONTROLS, escapeSequence);
  if (Array.isArray(value)) return value.map(printableValue);
  if (typeof value !== 'object' || value === null) return value;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return printable(value);
  // The log's description of an error has no class: it stays so.
  return prototype === null ? { __proto__: null, ...printable(value) } : value;
}

const escapeSequence = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
