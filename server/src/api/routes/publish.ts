import type { ErrorBody, PublishResult, RawDraft } from '@sluice/protocol';
import type { Identity } from '../../auth/identity.ts';
import type { ApiKeys } from '../../auth/secrets.ts';
import type { BatchMessage, Door, PublishOutcome } from '../../channels/door.ts';
import type { UserAllowances } from '../../channels/user-allowances.ts';
import { Refusal } from '../../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import { readJson } from '../body.ts';
import { authenticate, type TokenVerifier } from '../credentials.ts';
import { errorReply } from '../errors.ts';
import { readIdempotencyKey, withKey } from '../idempotency-key.ts';
import { refuseStrangeField } from '../strange-field.ts';
import { traceOf } from '../trace-header.ts';

/** Maximum messages of one request. */
const MOST_MESSAGES = 1000;

export interface PublishServices {
  readonly apiKeys: ApiKeys;
  readonly verifier: TokenVerifier;
  readonly door: Door;
  readonly allowances: UserAllowances;
}

type BatchEntry = PublishResult | { readonly error: ErrorBody };

/**
 * `POST /api/v1/publish`: one message `{ channel, data, event?, tags?, trace?, key?, if?, ttl? }`, or an
 * array of them; with `channels` instead of `channel`, the same message on each of them.
 *
 * One message is answered with its result, or with an error and its status. An array is answered
 * with an array of results and `{ error }`, in the same order; valid messages are published even if
 * others fail. `channels` are answered with an array, too. The header `Idempotency-Key` is the `key`
 * of messages without one.
 */
export function publishRoute(services: PublishServices): (request: Request) => Promise<HttpReply> {
  return async (request) => {
    const by = await authenticate(request, services);
    if (by instanceof Refusal) return errorReply(by, { 'WWW-Authenticate': 'Bearer' });
    const body = await readJson(request);
    if (body instanceof Refusal) return errorReply(body);
    const key = readIdempotencyKey(request);
    if (key instanceof Refusal) return errorReply(key);
    const trace = traceOf(request);
    if (Array.isArray(body.value)) {
      // Two messages of one channel must not have the same key.
      const keyAt = key === undefined ? undefined : (at: number) => `${key}/${at}`;
      return publishBatch({ services, by, keyAt, trace }, body.value);
    }
    const publish: Publish = { services, by, trace, keyAt: key === undefined ? undefined : () => key };
    const messages = spread(body.value);
    if (messages instanceof Refusal) return errorReply(messages);
    return messages === null ? publishSingle(publish, body.value) : publishBatch(publish, messages);
  };
}

/** What all messages of a request have in common. */
interface Publish {
  readonly services: PublishServices;
  readonly by: Identity;
  /** The key of the message at a place of the request, if it has none of its own. */
  readonly keyAt: ((at: number) => string) | undefined;
  /** The trace of messages without one of their own. */
  readonly trace: string | undefined;
}

/** The same message for each of its `channels`; `null` if it has none. */
function spread(value: unknown): unknown[] | Refusal | null {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'channels')) return null;
  const { channels, ...message } = value as { readonly channels: unknown; readonly channel?: unknown };
  if (message.channel !== undefined) return new Refusal('command_invalid', 'give "channel" or "channels", not both');
  const valid = Array.isArray(channels) && channels.every((channel) => typeof channel === 'string');
  if (!valid || new Set(channels).size < channels.length) {
    return new Refusal('command_invalid', '"channels" must be a list of different channel names');
  }
  return channels.map((channel: string) => ({ ...message, channel }));
}

async function publishSingle(publish: Publish, message: unknown): Promise<HttpReply> {
  const [outcome] = await publishAll(publish, [message]);
  return outcome instanceof Refusal ? errorReply(outcome) : jsonReply(200, outcome);
}

async function publishBatch(publish: Publish, messages: unknown[]): Promise<HttpReply> {
  if (messages.length === 0 || messages.length > MOST_MESSAGES) {
    return errorReply(
      new Refusal('command_invalid', `an array must hold 1 to ${MOST_MESSAGES} messages, and "channels" as many names`),
    );
  }
  const outcomes = await publishAll(publish, messages);
  const entries = outcomes.map(
    (outcome): BatchEntry => (outcome instanceof Refusal ? { error: outcome.body } : outcome),
  );
  return jsonReply(200, entries);
}

async function publishAll(
  { services, by, keyAt, trace }: Publish,
  messages: readonly unknown[],
): Promise<PublishOutcome[]> {
  const { door, allowances } = services;
  const parcels = messages.map((message, at) => withTrace(withKey(readMessage(message), keyAt?.(at)), trace));
  const readable = parcels.filter((parcel): parcel is BatchMessage => !(parcel instanceof Refusal));
  const outcomes = await door.publishAll(readable, { by, allowance: by.user === null ? null : allowances.of(by.user) });
  let at = 0;
  return parcels.map((parcel) => (parcel instanceof Refusal ? parcel : (outcomes[at++] ?? new Refusal('internal'))));
}

function withTrace(message: BatchMessage | Refusal, trace: string | undefined): BatchMessage | Refusal {
  if (message instanceof Refusal || trace === undefined || message.draft.trace !== undefined) return message;
  return { ...message, draft: { ...message.draft, trace } };
}

const FIELDS = ['channel', 'data', 'event', 'tags', 'trace', 'key', 'if', 'ttl'];

function readMessage(message: unknown): BatchMessage | Refusal {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return new Refusal(
      'command_invalid',
      'a message must be an object { channel, data, event?, tags?, trace?, key?, if?, ttl? }',
    );
  }
  const { channel, ...raw } = message as RawDraft & { channel: string };
  return refuseStrangeField(message, FIELDS) ?? { channel, draft: raw };
}
