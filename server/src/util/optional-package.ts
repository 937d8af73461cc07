/** Packages that a gateway needs only with some options: optional peers of `@sluice/server`. */

import { createRequire } from 'node:module';

/** A package is needed, and not installed. The message names the command that installs it. */
export class MissingPackageError extends Error {
  override readonly name = 'MissingPackageError';

  /** @param user what needs the package, like `The redis engine` */
  constructor(user: string, packageName: string) {
    super(`${user} needs the package "${packageName}". Run: npm install ${packageName}`);
  }
}

const NOT_FOUND = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/** A package that is installed, but itself lacks another one, is a fault of a different kind. */
function isMissing(error: unknown, packageName: string): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return NOT_FOUND.has(code ?? '') && /'([^']*)'/.exec(message ?? '')?.[1] === packageName;
}

function named(error: unknown, user: string, packageName: string): unknown {
  return isMissing(error, packageName) ? new MissingPackageError(user, packageName) : error;
}

/**
 * Loads a package by `import()`.
 *
 * @param load the import itself, so that bundlers see the package's name
 * @throws MissingPackageError if the package is not installed
 */
export async function importOptional<T>(user: string, packageName: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw named(error, user, packageName);
  }
}

/**
 * Loads a CommonJS package at once, for constructors, which cannot wait.
 *
 * @throws MissingPackageError if the package is not installed
 */
export function requireOptional<T>(user: string, packageName: string, require = createRequire(import.meta.url)): T {
  try {
    return require(packageName) as T;
  } catch (error) {
    throw named(error, user, packageName);
  }
}
