import { readFileSync } from 'node:fs';

/** The version of `@sluice/server`. The package's root is two folders above, in `src/` as in `dist/`. */
export const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string }
).version;
