/** The types of requests and replies, derived from the description of the API. */

import type { paths } from './openapi.ts';

type Methods = 'get' | 'post' | 'put' | 'delete';

/** The paths that have an operation for a method. */
export type PathsWith<M extends Methods> = {
  [P in keyof paths]: paths[P][M] extends { readonly responses: unknown } ? P : never;
}[keyof paths];

type Operation<M extends Methods, P extends keyof paths> = paths[P][M];
type Parameters<M extends Methods, P extends keyof paths> =
  Operation<M, P> extends { readonly parameters: infer All } ? All : never;
type Member<T, K extends string> = T extends { readonly [Name in K]: infer Value } ? Value : undefined;
type Optional<T, K extends string> = T extends { readonly [Name in K]?: infer Value }
  ? Exclude<Value, undefined>
  : never;

/** The JSON that an operation answers with. */
export type ReplyOf<M extends Methods, P extends keyof paths> =
  Operation<M, P> extends { readonly responses: infer Responses }
    ? Responses extends { readonly 200: { readonly content: { readonly 'application/json': infer Reply } } }
      ? Reply
      : Responses extends { readonly 201: { readonly content: { readonly 'application/json': infer Reply } } }
        ? Reply
        : Responses extends { readonly 202: { readonly content: { readonly 'application/json': infer Reply } } }
          ? Reply
          : unknown
    : never;

/** The JSON that an operation takes. */
export type BodyOf<M extends Methods, P extends keyof paths> =
  Optional<Operation<M, P>, 'requestBody'> extends { readonly content: { readonly 'application/json': infer Body } }
    ? Body
    : never;

type PathOf<M extends Methods, P extends keyof paths> = Member<Parameters<M, P>, 'path'>;

/** What a call of an operation needs: the parameters of its path, its query and its body. */
export type CallOptions<M extends Methods, P extends keyof paths> = {
  readonly query?: Optional<Parameters<M, P>, 'query'>;
  readonly body?: BodyOf<M, P>;
  /** Ends the call. */
  readonly signal?: AbortSignal;
} & (PathOf<M, P> extends undefined ? object : { readonly path: PathOf<M, P> });
