import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program, by a variable of the environment or on the path; `undefined`: it is missing. */
export function findServer(name: string, variable: string): string | undefined {
  const wished = process.env[variable] ?? '';
  if (wished !== '') return wished;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/**
 * Why tests with a server are skipped; `false`: they run. In CI a missing server is a failure of the
 * tests, not a reason to skip them.
 */
export function missing(program: string | undefined, how: string): string | false {
  return program !== undefined || process.env.CI === 'true' ? false : how;
}
