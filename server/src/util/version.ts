import { readFileSync } from 'node:fs';

/** The version of `@sluice/server`; `unknown` if a program was bundled with it, away from its package. */
export const VERSION = readVersion();

/** The package's root is two folders above, in `src/` as in `dist/`. */
function readVersion(): string {
  try {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { name, version } = JSON.parse(text) as { readonly name?: string; readonly version?: string };
    return name === '@sluice/server' && version !== undefined ? version : 'unknown';
  } catch {
    return 'unknown'; // a bundle has no such file
  }
}
