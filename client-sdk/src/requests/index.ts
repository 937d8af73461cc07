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
export { ReplyError } from './reply-error.ts';
export { request, requestMany } from './request.ts';
export { respond } from './respond.ts';
