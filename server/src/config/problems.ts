/** The errors of a configuration: reported all at once, each as `path: what is wrong. What to do`. */

import type { z } from 'zod';
import { nearest } from '../util/nearest.ts';

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
