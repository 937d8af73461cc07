import { createHash } from 'node:crypto';

/** A script that Redis runs in one piece, known by its digest. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** Joins pieces of Lua to one script. */
export function script(...pieces: readonly string[]): Script {
  const text = pieces.join('\n');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
