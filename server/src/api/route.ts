import type { Reply, Request } from '../transport/http.ts';

/** One address of the HTTP side. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** One line for the table in docs/http-api.md. */
  readonly summary: string;
  readonly handle: (request: Request) => Reply | Promise<Reply>;
}
