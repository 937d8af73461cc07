import type { Reply, Request, RequestHead, Sender } from '../transport/http.ts';

/** One address of the HTTP side. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** One line for the table in docs/http-api.md. */
  readonly summary: string;
  /** Whose body it reads; `null`: the sender has no credentials. Routes without one read none. */
  readonly takesBody?: (head: RequestHead) => Sender | null;
  readonly handle: (request: Request) => Reply | Promise<Reply>;
}
