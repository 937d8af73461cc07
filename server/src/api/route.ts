import type { HttpReply, Request, RequestHead, Sender } from '../transport/http.ts';

/** Parameters of a path, by name. */
export type Parameters = Readonly<Record<string, string>>;

/** One address of the HTTP side. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** May have parameters of one segment each: `/api/v1/channels/{channel}`. */
  readonly path: string;
  /** One line for the table in docs/http-api.md. */
  readonly summary: string;
  /** Whose body it reads; `null`: the sender has no credentials. Routes without one read none. */
  readonly takesBody?: (head: RequestHead) => Sender | null;
  /** Answers a browser that asks, by OPTIONS, what a page of another origin may send. */
  readonly preflight?: (request: Request) => HttpReply;
  /** @param parameters those of the path, decoded */
  readonly handle: (request: Request, parameters: Parameters) => HttpReply | Promise<HttpReply>;
}
