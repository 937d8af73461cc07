/** A part of a configuration, as text. */
interface Part {
  readonly name: string;
  readonly text: string;
}

/** Sections that operators look for first. */
const FIRST: readonly string[] = ['channels', 'limits', 'apiKeys', 'keys', 'hooks', 'webhooks', 'bridges', 'schedules'];

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The value in one line, unless it needs more. */
function inLine(value: unknown): string | undefined {
  if (!isObject(value)) return value === null ? 'none' : String(value);
  if (Object.keys(value).length === 0) return 'none';
  return Array.isArray(value) && !value.some(isObject) ? value.join(', ') : undefined;
}

/** As JSON, with short lists in one line: no string of JSON contains a line break. */
const inLines = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(
    /\[\n\s*([^[\]{}]*?)\n\s*\]/g,
    (_, items: string) => `[${items.replace(/\n\s*/g, ' ')}]`,
  );

const rank = ({ name }: Part): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

/** Divides a configuration into options of one line, and sections with the others. */
export function splitConfig(config: object): { readonly plain: readonly Part[]; readonly sections: readonly Part[] } {
  const plain: Part[] = [];
  const sections: Part[] = [];
  for (const [name, value] of Object.entries(config)) {
    const line = inLine(value);
    if (line === undefined) sections.push({ name, text: inLines(value) });
    else plain.push({ name, text: line });
  }
  return { plain, sections: sections.sort((a, b) => rank(a) - rank(b)) };
}
