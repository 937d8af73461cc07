/** Error messages for a request without a route, with the right address. */

import { Refusal } from '../refusal.ts';
import type { RequestHead } from '../transport/http.ts';
import { matchPath } from './path-form.ts';
import type { Route } from './route.ts';

/** The path of WebSockets. */
const SOCKETS = '/ws';
/** The path at which a gateway in development mode issues tokens. */
const DEV_TOKEN = '/dev/token';
/** Maximum characters of a path that are repeated in a message. */
const LONGEST = 60;

/** Is this a WebSocket handshake at the wrong path? RFC 6455 section 4.1. */
export const isHandshake = ({ headers }: RequestHead): boolean => headers.get('upgrade')?.toLowerCase() === 'websocket';

/** Suggests the path and the method that were probably intended. */
export function direct(request: RequestHead, routes: readonly Route[]): Refusal {
  const { method, path } = request;
  const shown = path.slice(0, LONGEST).replace(/[^\x21-\x7e]|["\\]/g, '?');
  const here = routes.filter((route) => matchPath(route.path, path) !== null);
  if (here.length > 0) {
    const right = here.map((route) => `${route.method} ${route.path} (${route.summary})`).join(' or ');
    return new Refusal('method_not_allowed', `${shown} does not support ${method}. Use ${right}`);
  }
  if (isHandshake(request)) {
    return new Refusal('not_found', `there is no WebSocket at "${shown}". Connect to ${SOCKETS}`);
  }
  if (path === SOCKETS)
    return new Refusal('not_found', `${SOCKETS} is for WebSockets only: use a client, like @sluice/client`);
  if (path === DEV_TOKEN) {
    return new Refusal('not_found', `${DEV_TOKEN} exists only with --dev: start the gateway with "sluice serve --dev"`);
  }
  const all = routes.map((route) => `${route.method} ${route.path}`).join(', ');
  return new Refusal('not_found', `there is no route "${shown}". Routes are ${all}, and WebSockets at ${SOCKETS}`);
}
