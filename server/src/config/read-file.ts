import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Path, Problems } from './problems.ts';

interface FileAt {
  readonly path: Path;
  /** The base of relative paths. */
  readonly directory: string;
  readonly problems: Problems;
}

/** Has it a folder, or an ending? What has neither is not repeated: it may be the secret itself. */
const PATH_LIKE = /^(?:\.{0,2}|[a-z]:)[\\/]|\.[a-z0-9]{1,8}$/i;

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
  const shown = PATH_LIKE.test(file) ? `the file ${full}` : `the file that it names, in ${directory},`;
  try {
    return { full, text: readFileSync(full, 'utf8') };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    problems.add(path, `${shown} ${reason}. Paths are relative to the configuration file`);
    return undefined;
  }
}
