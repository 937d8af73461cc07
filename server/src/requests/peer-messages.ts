/**
 * Messages between the nodes of a requester (A) and of a responder (B): JSON arrays that begin with
 * their kind. `id` is A's number of the request.
 */

import type { CancelReason, ErrorName, Json, ResponderError } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import { type RequestEnd, ResponderRefusal } from './request-end.ts';

/** From A to B. */
export type ToResponder =
  | ['request', id: number, request: SentRequest]
  | ['cancel', id: number, reason: CancelReason]
  /** There is room for this many further replies. */
  | ['room', id: number, replies: number]
  /** Is the node still there? The sender looks only at whether it is received. */
  | ['probe'];

/** From B to A. `load`: open requests on B of other nodes than A. */
export type ToRequester = ['reply', id: number, data: Json] | ['end', id: number, end: SentEnd, load: number];

export type PeerMessage = ToResponder | ToRequester;

/** A request on its way. */
export interface SentRequest {
  readonly channel: string;
  readonly data: Json;
  readonly from?: string;
  readonly timeout: number;
}

/** The end of a request on its way. Without `error` it was replied to. */
export interface SentEnd {
  readonly data?: Json;
  readonly error?: ErrorName;
  readonly detail?: string;
  readonly responder?: ResponderError;
}

export function packEnd(end: RequestEnd): SentEnd {
  if (!(end instanceof Refusal)) return end;
  const { error, detail } = end;
  const packed = detail === undefined ? { error } : { error, detail };
  return end instanceof ResponderRefusal ? { ...packed, responder: end.responder } : packed;
}

export function unpackEnd({ error, detail, responder, ...reply }: SentEnd, channel: string): RequestEnd {
  if (error === undefined) return reply;
  return responder === undefined ? new Refusal(error, detail) : new ResponderRefusal(channel, responder);
}
