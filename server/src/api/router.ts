import { type DevAccess, hostRefused } from '../auth/dev-access.ts';
import { Refusal } from '../channels/refusal.ts';
import type { EventBus } from '../events.ts';
import type { Reply, Request, RequestHandler } from '../transport/http.ts';
import { errorReply, internalReply } from './errors.ts';
import type { Route } from './route.ts';

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly events: EventBus;
  /** In development mode: who may use the gateway. */
  readonly dev?: DevAccess | null;
  /** Asked for a GET that no route takes; `null` when it has nothing there either. */
  readonly files?: ((request: Request) => Reply | null) | undefined;
}

/** Finds the route of a request. Whatever goes wrong on the way is answered, and our own mistakes are reported. */
export function createRouter({ routes, events, files, dev = null }: RouterOptions): RequestHandler {
  const answer = async (request: Request): Promise<Reply> => {
    const host = request.headers.get('host') ?? '';
    if (dev?.isHostAllowed(host) === false) return errorReply(new Refusal('host_refused', hostRefused(host)));
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const here = routes.filter(({ path }) => path === request.path);
    const route = here.find((candidate) => candidate.method === method);
    if (route !== undefined) return route.handle(request);
    if (here.length > 0) {
      const allowed = here.map((candidate) => candidate.method).join(', ');
      return errorReply(new Refusal('method_not_allowed'), { Allow: allowed });
    }
    return (method === 'GET' ? files?.(request) : null) ?? errorReply(new Refusal('not_found'));
  };
  return async (request) => {
    const start = performance.now();
    const { method, path } = request;
    const reply = await answer(request).catch((error: unknown) => {
      events.emit('fault', { where: `${method} ${path}`, error });
      return internalReply();
    });
    events.emit('request', { method, path, status: reply.status, duration: performance.now() - start });
    return reply;
  };
}
