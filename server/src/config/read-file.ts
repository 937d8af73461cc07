import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Path, Problems } from './problems.ts';

interface FileAt {
  readonly path: Path;
  /** The base of relative paths. */
  readonly directory: string;
  readonly problems: Problems;
}

/** A file that an option names, with its content; `undefined` with an error if it cannot be read. */
export function readNamedFile(
  file: string,
  { path, directory, problems }: FileAt,
): { readonly full: string; readonly text: string } | undefined {
  if (/[\n\0]/.test(file)) {
    problems.add(path, 'must be the path of a file, and not its content. Store the content in a file');
    return undefined;
  }
  const full = resolve(directory, file);
  try {
    return { full, text: readFileSync(full, 'utf8') };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    problems.add(path, `the file ${full} ${reason}. Paths are relative to the configuration file`);
    return undefined;
  }
}
