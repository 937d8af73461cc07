import type { Reply, Request, RequestHead } from '../transport/http.ts';

/** One address of the HTTP side. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** One line for the table in docs/http-api.md. */
  readonly summary: string;
  /** Does it read a body, and may the sender of this head be known? Routes without one read none. */
  readonly takesBody?: (head: RequestHead) => boolean;
  readonly handle: (request: Request) => Reply | Promise<Reply>;
}
