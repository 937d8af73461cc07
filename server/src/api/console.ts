import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type HttpReply, jsonReply, type RequestHead } from '../transport/http.ts';
import { serveFolder } from './static-files.ts';

/** What the console may do: nothing, look, or act as well. Permissions apply in any case. */
export type ConsoleMode = 'off' | 'read' | 'write';

export interface ConsoleOptions {
  readonly mode: ConsoleMode;
  /** The name of this node. */
  readonly node: string;
  /** In development the console gets its key from `/dev/token`. */
  readonly dev: boolean;
  /** Does the gateway serve the files of an application, too? */
  readonly hasPages: boolean;
}

const PATH = '/console';

/** Where the build puts the console: `dist/console` of this package, also when it runs from its sources. */
const FOLDER = fileURLToPath(new URL('../../dist/console', import.meta.url));

/**
 * The console runs nothing but its own files, talks only to its own gateway, and is in no frame of
 * another page.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/**
 * Serves the console's files under `/console/`, and what it has to know of its gateway. They are
 * public: the data comes from the API, which checks permissions.
 *
 * @returns `null` for other paths, and for all if the console is off
 */
export function serveConsole({ mode, ...settings }: ConsoleOptions): (request: RequestHead) => HttpReply | null {
  if (mode === 'off') return () => null;
  const files = existsSync(FOLDER) ? serveFolder(FOLDER) : undefined;
  return (request) => {
    const { path } = request;
    if (path === PATH) return { status: 308, headers: { Location: `.${PATH}/` } };
    if (!path.startsWith(`${PATH}/`)) return null;
    if (path === `${PATH}/settings.json`) return jsonReply(200, { mode, ...settings });
    if (files === undefined) return NOT_BUILT;
    const reply = files({ ...request, path: path.slice(PATH.length) });
    return reply === null ? null : { ...reply, headers: { ...reply.headers, ...HEADERS } };
  };
}

const NOT_BUILT: HttpReply = {
  status: 503,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '60' },
  body: 'The console is not built. Run "npm run build -w console" in the repository.\n',
};
