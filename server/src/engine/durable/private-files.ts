import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const PRIVATE_FOLDER = 0o700;
export const PRIVATE_FILE = 0o600;
/** Permissions of group and others. */
const OTHERS = 0o077;

/**
 * Removes all permissions except the owner's from a data folder and its files, because they hold all messages.
 *
 * @returns what could not be changed, or was found open, in words for an operator
 */
export function keepPrivate(folder: string): string[] {
  if (process.platform === 'win32') return []; // access lists rule there
  const files = readdirSync(folder).map((name) => join(folder, name));
  const open = [folder, ...files].filter((path) => (modeOf(path) & OTHERS) !== 0);
  const failed = open.filter((path) => !tryClose(path));
  if (failed.length > 0) {
    return [
      `other users may read ${failed.join(', ')}, and this process may not change that — run: chmod -R go= ${folder}`,
    ];
  }
  if (!open.includes(folder)) return [];
  return [`other users could read the data folder ${folder}; now only its owner can`];
}

/** Links are not followed, and have no rights of their own. */
function modeOf(path: string): number {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found === undefined || found.isSymbolicLink() ? 0 : found.mode;
}

function tryClose(path: string): boolean {
  try {
    chmodSync(path, modeOf(path) & 0o7777 & ~OTHERS);
    return true;
  } catch {
    return false;
  }
}
