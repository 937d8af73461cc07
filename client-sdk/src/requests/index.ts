/**
 * Request and reply: ask one of a channel's responders, or be one.
 *
 * @packageDocumentation
 */
export type {
  IncomingRequest,
  Replies,
  RequestChannel,
  RequestOptions,
  RequestTypes,
  Responder,
  RespondOptions,
  UntypedChannel,
} from './api.ts';
export { request, requestStream } from './request.ts';
export { RequestError } from './request-error.ts';
export { respond } from './respond.ts';
