/** The errors of a configuration: reported all at once, each as `path: what is wrong. What to do`. */

import type { z } from 'zod';

/** All errors of a configuration. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One text each: `option.path: what is wrong. What to do`. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** A path in the configuration: names and list positions. */
export type Path = readonly PropertyKey[];

/** Formats a path as in code: `channels["chat:{room}"].allow.publish`, `keys[0].pem`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = String(step);
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/**
 * Edit distance of two short names, with transpositions. Damerau and Levenshtein's optimal string
 * alignment.
 */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          cell(i - 1, j) + 1,
          cell(i, j - 1) + 1,
          cell(i - 1, j - 1) + (same ? 0 : 1),
          swapped ? cell(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return cell(a.length, b.length);
}

/** The known name that is closest to an unknown one, if it is close enough. */
export function nearest(name: string, known: readonly string[]): string | null {
  const wanted = name.toLowerCase().slice(0, 40);
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.candidate ?? null;
}

/** Suggests known names for an unknown one. */
export function suggest(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === null ? `Known here: ${known.join(', ')}` : `Did you mean "${near}"?`;
}

/** Is it an object of names and values, as in a file? */
export const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Collects errors while the configuration is read. */
export class Problems {
  readonly #list: string[];
  readonly #source: (path: Path) => string | undefined;
  readonly #base: Path;

  /** @param source where the value at a path came from, such as `SLUICE_PORT` */
  constructor(source: (path: Path) => string | undefined = () => undefined, list: string[] = [], base: Path = []) {
    this.#source = source;
    this.#list = list;
    this.#base = base;
  }

  /** The same list, for what is at this path: the paths of its errors are relative to it. */
  within(path: Path): Problems {
    return new Problems(this.#source, this.#list, [...this.#base, ...path]);
  }

  /** @param text `what is wrong. What to do` */
  add(path: Path, text: string): void {
    const full = [...this.#base, ...path];
    const source = this.#source(full);
    this.#list.push(`${formatPath(full)}: ${text}${source === undefined ? '' : ` (from ${source})`}`);
  }

  /**
   * Checks a value against a schema, and adds its errors.
   *
   * @returns `undefined` if it is invalid
   */
  check<T>(path: Path, schema: z.ZodType<T>, value: unknown): T | undefined {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const { path: within, message } of result.error.issues) this.add([...path, ...within], message);
    return undefined;
  }

  get any(): boolean {
    return this.#list.length > 0;
  }

  /** @throws ConfigError if there are any problems */
  throwIfAny(): void {
    if (this.any) throw new ConfigError(this.#list);
  }
}
