/** Error messages for a request without a route, with the right address. */

import { Refusal } from '../refusal.ts';
import type { RequestHead } from '../transport/http.ts';
import { cutText } from '../util/cut-text.ts';
import { distance } from '../util/nearest.ts';
import { matchPath } from './path-form.ts';
import type { Route } from './route.ts';

/** The path of WebSockets. */
const SOCKETS = '/ws';
/** The path at which a gateway in development mode issues tokens. */
const DEV_TOKEN = '/dev/token';
/** Begins most paths; it is easily forgotten. */
const API = '/api/v1';
/** The path of the description of the HTTP API. */
const DESCRIPTION = '/api/v1/openapi.json';
/** Maximum characters of a path that are repeated in a message. */
const LONGEST = 60;
/** With more edits, a route is probably not what was intended. */
const MOST_EDITS = 2;
/** A segment too many, or too few, counts as this many edits. */
const EDITS_OF_SEGMENT = 2;
/** If more routes are equally close, none of them was clearly intended. */
const MOST_NEAR = 4;

/** Is this a WebSocket handshake at the wrong path? RFC 6455 section 4.1. */
export const isHandshake = ({ headers }: RequestHead): boolean => headers.get('upgrade')?.toLowerCase() === 'websocket';

/** Suggests the path and the method that were probably intended. Paths are those of the URL: with that of the app. */
export function direct(request: RequestHead, routes: readonly Route[]): Refusal {
  const { method, path, base = '' } = request;
  const shown = base + path.slice(0, LONGEST).replace(/[^\x21-\x7e]|["\\]/g, '?');
  const here = routes.filter((route) => matchPath(route.path, path) !== null);
  if (here.length > 0) {
    const right = here.map((route) => `${route.method} ${base}${route.path} (${route.summary})`).join(' or ');
    return new Refusal('method_not_allowed', `${shown} does not support ${method}. Use ${right}`);
  }
  if (isHandshake(request)) {
    return new Refusal('not_found', `there is no WebSocket at "${shown}". Connect to ${base}${SOCKETS}`);
  }
  if (path === SOCKETS)
    return new Refusal('not_found', `${shown} is for WebSockets only: use a client, like @sluice/client`);
  if (path === DEV_TOKEN) {
    return new Refusal('not_found', `${DEV_TOKEN} exists only with --dev: start the gateway with "sluice serve --dev"`);
  }
  const near = nearestRoutes(path, routes).map((route) => `${route.method} ${base}${route.path}`);
  const advice = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  const all = `${base}${DESCRIPTION} describes all routes; WebSockets are at ${base}${SOCKETS}`;
  return new Refusal('not_found', `there is no route "${shown}".${advice} ${all}`);
}

/** The routes whose paths are closest, if they are close enough; several methods of one path are several routes. */
function nearestRoutes(path: string, routes: readonly Route[]): readonly Route[] {
  const given = cutText(path, LONGEST);
  const ranked = routes.map((route) => {
    const edits = [given, API + given].map((one) => editsBetween(route.path.split('/'), one.split('/')));
    return { route, edits: Math.min(...edits) };
  });
  const fewest = Math.min(...ranked.map(({ edits }) => edits));
  const nearest = fewest > MOST_EDITS ? [] : ranked.filter(({ edits }) => edits === fewest);
  return nearest.length > MOST_NEAR ? [] : nearest.map(({ route }) => route);
}

/** @param form segments, of which `{name}` matches any */
function editsBetween(form: readonly string[], given: readonly string[]): number {
  let edits = Math.abs(form.length - given.length) * EDITS_OF_SEGMENT;
  for (let at = 0; at < Math.min(form.length, given.length) && edits <= MOST_EDITS; at++) {
    edits += editsOfSegment(form[at] ?? '', given[at] ?? '');
  }
  return edits;
}

/** A stranger chooses what is compared: most of it is too long or too short to be compared in full. */
function editsOfSegment(form: string, given: string): number {
  if (form === given || form.startsWith('{')) return 0;
  const least = Math.abs(form.length - given.length);
  return least > MOST_EDITS ? least : distance(form, given);
}
