import type { ErrorBody, PublishResult, RawDraft } from '@sluice/protocol';
import type { Identity } from '../../auth/identity.ts';
import type { ApiKeys } from '../../auth/secrets.ts';
import type { Verifier } from '../../auth/token.ts';
import type { BatchMessage, Door, PublishOutcome } from '../../channels/door.ts';
import type { UserAllowances } from '../../channels/user-allowances.ts';
import { Refusal } from '../../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import { readJson } from '../body.ts';
import { authenticate } from '../credentials.ts';
import { errorReply } from '../errors.ts';

/** Maximum messages of one request. */
const MOST_MESSAGES = 1000;

export interface PublishServices {
  readonly apiKeys: ApiKeys;
  readonly verifier: Verifier;
  readonly door: Door;
  readonly allowances: UserAllowances;
}

type BatchEntry = PublishResult | { readonly error: ErrorBody };

/**
 * `POST /api/v1/publish`: one message `{ channel, data, event?, tags?, key?, if? }`, or an array of
 * them.
 *
 * One message is answered with its result, or with an error and its status. An array is answered
 * with an array of results and `{ error }`, in the same order; valid messages are published even if
 * others fail.
 */
export function publishRoute(services: PublishServices): (request: Request) => Promise<HttpReply> {
  return async (request) => {
    const by = await authenticate(request, services);
    if (by instanceof Refusal) return errorReply(by, { 'WWW-Authenticate': 'Bearer' });
    const body = await readJson(request);
    if (body instanceof Refusal) return errorReply(body);
    return Array.isArray(body.value) ? publishBatch(services, by, body.value) : publishSingle(services, by, body.value);
  };
}

async function publishSingle(services: PublishServices, by: Identity, message: unknown): Promise<HttpReply> {
  const [outcome] = await publishAll(services, by, [message]);
  return outcome instanceof Refusal ? errorReply(outcome) : jsonReply(200, outcome);
}

async function publishBatch(services: PublishServices, by: Identity, messages: unknown[]): Promise<HttpReply> {
  if (messages.length === 0 || messages.length > MOST_MESSAGES) {
    return errorReply(new Refusal('command_invalid', `an array must hold 1 to ${MOST_MESSAGES} messages`));
  }
  const outcomes = await publishAll(services, by, messages);
  const entries = outcomes.map(
    (outcome): BatchEntry => (outcome instanceof Refusal ? { error: outcome.body } : outcome),
  );
  return jsonReply(200, entries);
}

async function publishAll(
  { door, allowances }: PublishServices,
  by: Identity,
  messages: readonly unknown[],
): Promise<PublishOutcome[]> {
  const parcels = messages.map(readMessage);
  const readable = parcels.filter((parcel): parcel is BatchMessage => !(parcel instanceof Refusal));
  const outcomes = await door.publishAll(readable, { by, allowance: by.user === null ? null : allowances.of(by.user) });
  let at = 0;
  return parcels.map((parcel) => (parcel instanceof Refusal ? parcel : (outcomes[at++] ?? new Refusal('internal'))));
}

const FIELDS = ['channel', 'data', 'event', 'tags', 'key', 'if'];
/** Names of the field `event` in other products. */
const EVENT_ELSEWHERE = ['name', 'type', 'kind', 'topic', 'eventName', 'event_name'];

function readMessage(message: unknown): BatchMessage | Refusal {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return new Refusal('command_invalid', 'a message must be an object { channel, data, event?, tags?, key?, if? }');
  }
  const { channel, ...raw } = message as RawDraft & { channel: string };
  const unknown = Object.keys(message).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) return new Refusal('command_invalid', strangeField(unknown));
  return { channel, draft: raw };
}

/**
 * Otherwise the field would be lost silently: with `name` instead of `event`, a message is
 * published without an event.
 */
function strangeField(name: string): string {
  const shown = JSON.stringify(name.slice(0, 40));
  const near = EVENT_ELSEWHERE.includes(name) ? 'event' : FIELDS.find((field) => field === name.toLowerCase());
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  return `a message has no field ${shown}${meant}${meant === '' ? '.' : ''} Its fields are ${FIELDS.join(', ')}`;
}
