import { type DevAccess, hostRefused } from '../auth/dev-access.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { HttpReply, HttpSide, Request, RequestHead } from '../transport/http.ts';
import { refuseBody } from './body.ts';
import { direct, isHandshake } from './directions.ts';
import { errorReply, internalReply } from './errors.ts';
import { matchPath } from './path-form.ts';
import { asProblem } from './problem.ts';
import type { Parameters, Route } from './route.ts';

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly events: EventBus;
  /** Decides who may use the gateway in development mode. */
  readonly dev?: DevAccess | null;
  /** Called for a GET without a route; returns `null` if it has no file either. */
  readonly files?: ((request: RequestHead) => HttpReply | null) | undefined;
}

interface Found {
  readonly route: Route;
  readonly parameters: Parameters;
}

/** Finds the route of a request. Every failure is answered, and bugs in the gateway are reported. */
export function createRouter({ routes, events, files, dev = null }: RouterOptions): HttpSide {
  const isHostRefused = ({ headers }: RequestHead): boolean => dev?.isHostAllowed(headers.get('host') ?? '') === false;

  const find = ({ method, path }: RequestHead): Found | undefined => {
    const wanted = method === 'HEAD' ? 'GET' : method;
    for (const route of routes) {
      if (route.method !== wanted) continue;
      const parameters = matchPath(route.path, path);
      if (parameters !== null) return { route, parameters };
    }
    return undefined;
  };

  const preflight = (request: Request): HttpReply | undefined => {
    if (request.method !== 'OPTIONS') return undefined;
    return routes.find((route) => route.preflight && matchPath(route.path, request.path))?.preflight?.(request);
  };

  const refuse = (request: Request): HttpReply => {
    const refusal = direct(request, routes);
    if (refusal.error === 'method_not_allowed') return errorReply(refusal, { Allow: allowed(routes, request.path) });
    if (isHandshake(request)) {
      const { address } = request;
      events.emit('rejected', { what: 'handshake', address, error: refusal.error, detail: refusal.body.message });
      return errorReply(refusal);
    }
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    return (isRead ? files?.(request) : null) ?? errorReply(refusal);
  };

  const answer = async (request: Request): Promise<HttpReply> => {
    if (request.fault !== undefined) return errorReply(new Refusal('frame_malformed', request.fault));
    if (isHostRefused(request)) {
      return errorReply(new Refusal('host_refused', hostRefused(request.headers.get('host') ?? '')));
    }
    const found = find(request);
    if (found !== undefined) return found.route.handle(request, found.parameters);
    return preflight(request) ?? refuse(request);
  };

  return {
    wantsBody(head) {
      if (head.fault !== undefined || isHostRefused(head) || refuseBody(head) !== null) return null;
      return find(head)?.route.takesBody?.(head) ?? null;
    },
    async handle(request) {
      const start = performance.now();
      const { method, path } = request;
      const reply = asProblem(
        request,
        await answer(request).catch((error: unknown) => {
          events.emit('fault', { where: `${method} ${path}`, error });
          return internalReply();
        }),
      );
      events.emit('request', { method, path, status: reply.status, duration: performance.now() - start });
      return reply;
    },
  };
}

const allowed = (routes: readonly Route[], path: string): string =>
  routes.flatMap((route) => (matchPath(route.path, path) === null ? [] : [route.method])).join(', ');
