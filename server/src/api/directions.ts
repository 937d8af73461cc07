/** What to say to a request that has no route: where it should have gone. */

import { Refusal } from '../refusal.ts';
import type { RequestHead } from '../transport/http.ts';
import { matchPath } from './path-form.ts';
import type { Route } from './route.ts';

/** Where WebSockets are opened. */
const SOCKETS = '/ws';
/** Where a gateway in development hands out tokens. */
const DEV_TOKEN = '/dev/token';
/** Characters of a path that are repeated. */
const LONGEST = 60;

/** Is this the handshake of a WebSocket, at the wrong address? RFC 6455 section 4.1. */
export const isHandshake = ({ headers }: RequestHead): boolean => headers.get('upgrade')?.toLowerCase() === 'websocket';

/** Names the address and the method that were probably meant. */
export function direct(request: RequestHead, routes: readonly Route[]): Refusal {
  const { method, path } = request;
  const shown = path.slice(0, LONGEST).replace(/[^\x21-\x7e]|["\\]/g, '?');
  const here = routes.filter((route) => matchPath(route.path, path) !== null);
  if (here.length > 0) {
    const right = here.map((route) => `${route.method} ${route.path} (${route.summary})`).join(' or ');
    return new Refusal('method_not_allowed', `${method} is not for ${shown}; send ${right}`);
  }
  if (isHandshake(request)) {
    return new Refusal('not_found', `there is no WebSocket at "${shown}"; connect to ${SOCKETS}`);
  }
  if (path === SOCKETS)
    return new Refusal('not_found', `${SOCKETS} is for WebSockets only: use a client, like @sluice/client`);
  if (path === DEV_TOKEN) {
    return new Refusal('not_found', `${DEV_TOKEN} exists only with --dev: start the gateway with "sluice serve --dev"`);
  }
  const all = routes.map((route) => `${route.method} ${route.path}`).join(', ');
  return new Refusal('not_found', `there is nothing at "${shown}"; there are ${all}, and WebSockets at ${SOCKETS}`);
}
