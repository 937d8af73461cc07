import type { HttpReply, Request, RequestHead, Sender } from '../transport/http.ts';

/** Parameters of a path, by name. */
export type Parameters = Readonly<Record<string, string>>;

/** One route of the HTTP API. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** May have parameters, each a whole segment: `/api/v1/channels/{channel}`. */
  readonly path: string;
  /** One line for the table in docs/http-api.md. */
  readonly summary: string;
  /**
   * Decides whose body it reads; `null`: the sender has no credentials. Routes without it read no
   * body.
   */
  readonly takesBody?: (head: RequestHead) => Sender | null;
  /** Answers a preflight request (OPTIONS) of a page of another origin. */
  readonly preflight?: (request: Request) => HttpReply;
  /** @param parameters of the path, decoded */
  readonly handle: (request: Request, parameters: Parameters) => HttpReply | Promise<HttpReply>;
}
