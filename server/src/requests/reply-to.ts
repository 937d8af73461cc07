import { type Json, parseCommand, type ResponderError } from '@sluice/protocol';
import { isSurelySmall, refuseLarge } from '../channels/payload-size.ts';
import { validateReply, validateResponderError } from '../channels/validate.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import { chain, type NowOrLater } from '../util/now-or-later.ts';
import type { OpenRequest } from './open-request.ts';
import { ResponderRefusal } from './request-end.ts';

/** A reply. SPEC.md section 11.5. */
export interface GivenReply {
  readonly data?: Json | undefined;
  readonly error?: ResponderError | undefined;
  readonly more?: boolean | undefined;
  /** Bytes of the frame that it arrived in. Absent: it is of the program, and is checked and measured. */
  readonly size?: number;
}

/** What came of a reply: the requester has room for the next one (`null`), or why it was refused. */
type ReplyOutcome = NowOrLater<Refusal | null>;

/** Passes a reply on to the requester, if it fits the limits and the contract of the channel. */
export function replyTo(request: OpenRequest, reply: GivenReply, events: EventBus): ReplyOutcome {
  const { data, error } = reply;
  const fault = reply.size === undefined ? replyFault({ data, error, more: reply.more }) : null;
  if (fault !== null) return endInvalid(request, fault);
  if (error !== undefined) return replyError(request, error, events);
  if (data !== undefined) return replyData(request, { ...reply, data }, events);
  request.end({});
  return null;
}

/** What is wrong with the fields of a reply by the rules for the command `reply`. */
export function replyFault(fields: Omit<GivenReply, 'size'>): Refusal | null {
  const parsed = parseCommand({ ...fields, type: 'reply', id: 1, request: '' });
  return 'fault' in parsed ? new Refusal(parsed.fault.error, parsed.fault.detail) : null;
}

function replyError(request: OpenRequest, error: ResponderError, events: EventBus): ReplyOutcome {
  const valid = validateResponderError(error, request.parts.match.rule, events);
  if (valid instanceof Refusal) return endInvalid(request, valid);
  const large = valid.data === undefined ? null : checkSize(request, 'error.data', { data: valid.data });
  if (large !== null) return endInvalid(request, large);
  const { code, message, data } = valid;
  request.end(
    new ResponderRefusal(request.channel, {
      code,
      ...(message === undefined ? undefined : { message }),
      ...(data === undefined ? undefined : { data }),
    }),
  );
  return null;
}

function replyData(request: OpenRequest, reply: GivenReply & { data: Json }, events: EventBus): ReplyOutcome {
  const { rule } = request.parts.match;
  const { maxReplies } = rule.requests;
  if (request.replies >= maxReplies) return endTooMany(request, maxReplies);
  const large = checkSize(request, 'data', reply);
  if (large !== null) return endInvalid(request, large);
  const valid = validateReply(reply.data, rule, events);
  if (valid instanceof Refusal) return endInvalid(request, valid);
  const { size = Buffer.byteLength(JSON.stringify(valid.value)) } = reply;
  if (reply.more === true) return request.reply(valid.value, size);
  request.end({ data: valid.value });
  return null;
}

function checkSize(request: OpenRequest, name: string, { data, size }: { data: Json; size?: number }): Refusal | null {
  const { maxPayload: most } = request.parts.match.rule;
  return isSurelySmall(size, most) ? null : refuseLarge(name, data, { channel: request.channel, most });
}

/** The requester must not wait for a reply that cannot be passed on. */
function endInvalid(request: OpenRequest, refusal: Refusal): Refusal {
  request.end(new ResponderRefusal(request.channel, { code: 'invalid_reply' }));
  return refusal;
}

function endTooMany(request: OpenRequest, most: number): Refusal {
  request.end(new ResponderRefusal(request.channel, { code: 'too_many_replies' }));
  return new Refusal('request_ended', `a request on "${request.channel}" may have at most ${most} replies`);
}

/** The outcome as the result of a command. */
export const asResult = (outcome: ReplyOutcome): NowOrLater<Record<string, never> | Refusal> =>
  chain(outcome, (refusal) => refusal ?? {});
