/**
 * The client of the HTTP API for backends: mint tokens, publish, read, act.
 *
 * @packageDocumentation
 */
export {
  type Affected,
  Backend,
  type Channel,
  type Connection,
  type ConnectionsQuery,
  type ListOptions,
  type Member,
  type Message,
  type PublishOptions,
  type PublishResult,
  type Target,
} from './backend.ts';
export { BackendError, type ErrorFields } from './backend-error.ts';
export type { HistoryGap, HistoryOptions, LogPosition } from './history.ts';
export type { HttpOptions } from './http.ts';
export { IncompleteError } from './incomplete-error.ts';
export { type MintOptions, mintToken } from './mint.ts';
export type { BodyOf, CallOptions, PathsWith, ReplyOf } from './operations.ts';
