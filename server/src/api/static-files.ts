import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { lookup } from 'mrmime';
import type { HttpReply, RequestHead } from '../transport/http.ts';

interface StaticFile {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Names that a bundler derived from the content (`index-BfQ3x9Zk.js`): their content never changes. */
const HASHED = /[-.][A-Za-z0-9_-]{8,}\.\w+$/;

function readFile(folder: string, path: string): readonly [string, StaticFile] {
  const name = `/${relative(folder, path).split(sep).join('/')}`;
  const body = readFileSync(path);
  const type = lookup(name) ?? 'application/octet-stream';
  return [
    name,
    {
      body,
      headers: {
        'Content-Type': type.startsWith('text/') ? `${type}; charset=utf-8` : type,
        'Cache-Control':
          name.startsWith('/assets/') && HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
        ETag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
        'X-Content-Type-Options': 'nosniff',
      },
    },
  ];
}

/** Does the client already have the file? RFC 9110 section 13.1.2: a list, compared weakly. */
function isKnown(wanted: string | undefined, tag: string | undefined): boolean {
  if (wanted === undefined) return false;
  return wanted.split(',').some((entry) => entry.trim() === '*' || entry.trim().replace(/^W\//, '') === tag);
}

/**
 * Serves a folder that is read completely at the start, so that a request can reach nothing else.
 * For a small app next to the gateway, not for a site.
 *
 * @throws if the folder cannot be read
 */
export function serveFolder(folder: string): (request: RequestHead) => HttpReply | null {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = new Map(
    entries.filter((entry) => entry.isFile()).map((entry) => readFile(folder, join(entry.parentPath, entry.name))),
  );
  return ({ path, headers }) => {
    const file = files.get(path.endsWith('/') ? `${path}index.html` : path);
    if (file === undefined) return null;
    return { status: isKnown(headers.get('if-none-match'), file.headers.ETag) ? 304 : 200, ...file };
  };
}
