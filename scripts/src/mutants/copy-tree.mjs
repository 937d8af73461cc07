/** A copy of the repository to put faults into. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Copies what git tracks, and links the installed packages. Tests resolve our own packages to their sources, so the copy
 * tests itself and needs no build.
 *
 * @param {string} root
 */
export function copyTree(root) {
  const path = mkdtempSync(join(tmpdir(), 'sluice-mutants-'));
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  const files = list
    .toString()
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(root, file)));
  for (const file of files) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    cpSync(join(root, file), join(path, file));
  }
  const folders = new Set(['', ...files.filter((file) => file.endsWith('package.json')).map(dirname)]);
  for (const folder of folders) {
    const packages = join(root, folder, 'node_modules');
    const link = join(path, folder, 'node_modules');
    if (existsSync(packages) && !existsSync(link)) symlinkSync(packages, link);
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
