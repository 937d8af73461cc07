import { type HttpReply, jsonReply } from '../../transport/http.ts';
import { openApi } from '../openapi/document.ts';
import type { Route } from '../route.ts';

/**
 * `GET /api/v1/openapi.json`: the description of all routes for backends. It is the same for
 * everybody, and names nothing of the configuration, so it needs no credentials.
 *
 * @param routes all routes, also those that are added later
 */
export function openApiRoute(routes: readonly Route[]): Route {
  let reply: HttpReply | undefined;
  return {
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: 'This API, as OpenAPI 3.1',
    handle: () => {
      reply ??= jsonReply(200, openApi(routes), { 'Cache-Control': 'no-cache' });
      return reply;
    },
  };
}
