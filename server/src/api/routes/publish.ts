import {
  channelNameFault,
  checkDraft,
  type Draft,
  type ErrorBody,
  type PublishResult,
  type RawDraft,
  toDraft,
} from '@sluice/protocol';
import type { ApiKeys } from '../../auth/secrets.ts';
import type { Verifier } from '../../auth/token.ts';
import { authorize, type Decision } from '../../channels/authorize.ts';
import type { Publishing } from '../../channels/publish.ts';
import type { PublishRates } from '../../channels/publish-rates.ts';
import type { Rules } from '../../channels/rules.ts';
import { EngineUnavailable } from '../../engine/engine.ts';
import type { EventBus } from '../../events.ts';
import { Refusal } from '../../refusal.ts';
import { jsonReply, type Reply, type Request } from '../../transport/http.ts';
import type { Clock } from '../../util/clock.ts';
import { readJson } from '../body.ts';
import { authenticate, type Caller } from '../credentials.ts';
import { errorReply } from '../errors.ts';

/** Most messages of one request. */
const MOST_MESSAGES = 1000;

export interface PublishServices {
  readonly apiKeys: ApiKeys;
  readonly verifier: Verifier;
  readonly rules: Rules;
  readonly publishing: Publishing;
  readonly rates: PublishRates;
  readonly clock: Clock;
  readonly events: EventBus;
}

type BatchEntry = PublishResult | { readonly error: ErrorBody };

/**
 * `POST /api/v1/publish`: one message `{ channel, data, event?, tags?, key? }`, or an array of them.
 *
 * One message is answered with its result, or an error and its status. An array is answered with an array, in its order, of
 * results and `{ error }`: what could be published was.
 */
export function publishRoute(services: PublishServices): (request: Request) => Promise<Reply> {
  return async (request) => {
    const caller = await authenticate(request, services);
    if (caller instanceof Refusal) return errorReply(caller, { 'WWW-Authenticate': 'Bearer' });
    const body = await readJson(request);
    if (body instanceof Refusal) return errorReply(body);
    return Array.isArray(body.value)
      ? publishBatch(services, caller, body.value)
      : publishSingle(services, caller, body.value);
  };
}

async function publishSingle(services: PublishServices, caller: Caller, message: unknown): Promise<Reply> {
  const [outcome] = await publishAll(services, caller, [message]);
  return outcome instanceof Refusal ? errorReply(outcome) : jsonReply(200, outcome);
}

async function publishBatch(services: PublishServices, caller: Caller, messages: unknown[]): Promise<Reply> {
  if (messages.length === 0 || messages.length > MOST_MESSAGES) {
    return errorReply(new Refusal('command_invalid', `an array must hold 1 to ${MOST_MESSAGES} messages`));
  }
  const outcomes = await publishAll(services, caller, messages);
  const entries = outcomes.map(
    (outcome): BatchEntry => (outcome instanceof Refusal ? { error: outcome.body } : outcome),
  );
  return jsonReply(200, entries);
}

/** Everything is decided first, and then appended at once, so that a batch keeps its order. */
async function publishAll(
  services: PublishServices,
  caller: Caller,
  messages: readonly unknown[],
): Promise<(PublishResult | Refusal)[]> {
  const parcels = messages.map(readMessage);
  const decisions = new Map<string, Decision | Promise<Decision>>();
  for (const parcel of parcels) {
    if (parcel instanceof Refusal || decisions.has(parcel.channel)) continue;
    decisions.set(parcel.channel, authorize(services, caller.identity, 'publish', parcel.channel));
  }
  for (const [channel, decision] of decisions) if (decision instanceof Promise) decisions.set(channel, await decision);
  return Promise.all(
    parcels.map((parcel) =>
      parcel instanceof Refusal
        ? parcel
        : publishOne(services, caller, parcel, decisions.get(parcel.channel) as Decision),
    ),
  );
}

/** A message that was read, and may be published if it is allowed. */
interface Parcel {
  readonly channel: string;
  readonly draft: Draft;
}

const FIELDS = ['channel', 'data', 'event', 'tags', 'key'];
/** What the field for the kind of a message is called elsewhere. */
const EVENT_ELSEWHERE = ['name', 'type', 'kind', 'topic', 'eventName', 'event_name'];

function readMessage(message: unknown): Parcel | Refusal {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return new Refusal('command_invalid', 'a message must be an object { channel, data, event?, tags?, key? }');
  }
  const { channel, ...raw } = message as RawDraft & { channel?: unknown };
  const unknown = Object.keys(message).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) return new Refusal('command_invalid', strangeField(unknown));
  if (typeof channel !== 'string') return new Refusal('command_invalid', '"channel" must be a string');
  const unnamed = channelNameFault(channel);
  if (unnamed !== null) return new Refusal('channel_invalid', unnamed);
  const fault = checkDraft(raw);
  return fault === null ? { channel, draft: toDraft(raw) } : new Refusal(fault.error, fault.detail);
}

/** It would be lost in silence otherwise: `name` for `event` is published without an event. */
function strangeField(name: string): string {
  const shown = JSON.stringify(name.slice(0, 40));
  const near = EVENT_ELSEWHERE.includes(name) ? 'event' : FIELDS.find((field) => field === name.toLowerCase());
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  return `a message has no field ${shown}${meant}${meant === '' ? '.' : ''} Its fields are ${FIELDS.join(', ')}`;
}

async function publishOne(
  { publishing, rates, clock }: PublishServices,
  { publisher }: Caller,
  { channel, draft }: Parcel,
  allowed: Decision,
): Promise<PublishResult | Refusal> {
  if (allowed instanceof Refusal) return allowed;
  const user = publisher.kind === 'user' ? publisher.user : null;
  const over = user === null ? null : rates.take(user, allowed.rule, { channel, now: clock.monotonic() });
  if (over !== null) return over;
  try {
    return await publishing.publish({ channel, rule: allowed.rule, draft, publisher });
  } catch (error) {
    if (error instanceof EngineUnavailable) return new Refusal(error.error, error.message);
    throw error;
  }
}
