import { z } from 'zod';
import { normalizeOrigin, originProblem } from '../../util/origin.ts';
import { flag, oneOf, oneOrMore, text, whole } from '../values.ts';
import { option } from './option.ts';

/** In canonical form, to be compared with the `Origin` of a browser. */
const origin = z
  .string({ error: 'must be an origin. Example: "https://example.com", "*", or "null" in quotes' })
  .transform((text, context) => {
    const trimmed = text.trim();
    const problem = trimmed === '*' ? null : originProblem(trimmed);
    if (problem === null) return normalizeOrigin(trimmed) ?? trimmed;
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });

/** The name of a host, without scheme, port and path. */
export const hostName = z.string({ error: 'must be a name. Example: "app.test"' }).regex(/^[^\s:/?#@\\*[\]]+$/, {
  error: 'is not a host name. Write it without scheme, port and path, like "app.test"',
});

/** Where the gateway listens, and for which pages. */
export const LISTENING_OPTIONS = {
  host: option({
    schema: text('an address to listen on'),
    defaultText: '`0.0.0.0`; `127.0.0.1` in development',
    type: 'text',
    env: ['SLUICE_HOST'],
    flag: '--host <address>',
    description: 'Address to listen on.',
  }),
  port: option({
    schema: whole({ min: 0, max: 65_535 }),
    default: 8080,
    defaultText: '`8080`',
    type: 'number',
    env: ['SLUICE_PORT', 'PORT'],
    flag: '--port <number>',
    kind: 'number',
    description: 'Port to listen on; 0 picks any free one.',
  }),
  httpPort: option({
    schema: whole({ min: 0, max: 65_535 }),
    defaultText: 'none',
    type: 'number',
    env: ['SLUICE_HTTP_PORT'],
    flag: '--http-port <number>',
    kind: 'number',
    description:
      'A second port, only for the HTTP API, health checks and metrics. It also supports HTTP/1.0, and keeps idle connections for 75 s. With several workers the first one opens it.',
  }),
  dev: option({
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_DEV'],
    flag: '--dev',
    kind: 'boolean',
    description:
      'Development mode: listens on this machine only, generates missing keys, issues tokens at `/dev/token`. Never in production.',
  }),
  static: option({
    schema: text('the path of a folder'),
    defaultText: 'nothing is served',
    type: 'path',
    env: ['SLUICE_STATIC'],
    flag: '--static <folder>',
    description: 'Folder served at `/`. In a file, relative to that file.',
  }),
  console: option({
    schema: oneOf(['off', 'read', 'write']),
    defaultText: '`read`; `write` in development',
    type: 'off, read, write',
    env: ['SLUICE_CONSOLE'],
    flag: '--console <mode>',
    description:
      'The [console](console.md) at `/console`: not served, only to look, or also to act. It asks for an API key or a token, whose permissions apply in any case.',
  }),
  origins: option({
    schema: oneOrMore(origin, { error: 'must be a list of origins. Example: ["https://example.com"]' }),
    default: [],
    defaultText: 'the origin of the gateway itself',
    type: 'list of origins',
    env: ['SLUICE_ORIGINS'],
    flag: '--origins <list>',
    kind: 'list',
    description:
      'Pages that may connect ([how](auth.md#origins)): exact origins, including app shells like `capacitor://localhost`, or `*` for all. Programs without an `Origin` header are not affected.',
  }),
  allowedHosts: option({
    schema: oneOrMore(hostName, { error: 'must be a list of names. Example: ["app.test"]' }),
    default: [],
    defaultText: 'the names and addresses of this machine',
    type: 'list of names',
    env: ['SLUICE_ALLOWED_HOSTS'],
    flag: '--allowed-hosts <list>',
    kind: 'list',
    description:
      'In development mode: additional host names of the gateway, such as that of a tunnel. Requests with any other `Host` are refused ([why](auth.md#development)).',
  }),
  trustProxy: option({
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_TRUST_PROXY'],
    flag: '--trust-proxy',
    kind: 'boolean',
    description:
      "Uses the last entry of `X-Forwarded-For` as the client's address, and that of `X-Forwarded-Host` or `Forwarded` as a host of the gateway. Use it only behind a proxy that sets them.",
  }),
};
