import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGES = ['protocol', 'server'] as const;

/** When the newest of these files was written; milliseconds since the Unix epoch, 0 where there is none. */
function newest(folder: string, counts: (name: string) => boolean): number {
  let time = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && counts(entry.name))
      time = Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return time;
}

/**
 * Looks whether what is built is what the sources say: an attack on an old build proves nothing.
 *
 * @throws Error that says what to do
 */
export function requireFreshBuild(root = ROOT): void {
  for (const name of PACKAGES) {
    const folder = join(root, name);
    const source = newest(join(folder, 'src'), (file) => file.endsWith('.ts') && !file.includes('.test.'));
    let built = 0;
    try {
      built = newest(join(folder, 'dist'), (file) => file.endsWith('.js'));
    } catch {
      // There is no folder: the comparison says so.
    }
    if (built < source)
      throw new Error(`${name}/dist is ${built === 0 ? 'missing' : 'older than its sources'}: npm run build`);
  }
}
