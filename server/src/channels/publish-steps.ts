/** The steps of a publish, in the order of the door's list. Each lets the publish pass (`null`) or refuses it. */

import { channelNameFault, checkDraft as findDraftFault, toDraft } from '@sluice/protocol';
import type { AppendOptions, Entry, Log } from '../engine/engine.ts';
import { Refusal } from '../refusal.ts';
import type { Ids } from '../util/ids.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import { type Authority, authorize, type Decision } from './authorize.ts';
import { copiesOf, NO_COPIES, optionsOf } from './copies.ts';
import { isSurelySmall, refuseLarge } from './payload-size.ts';
import type { Appended, Publication } from './publication.ts';
import { validateDraft } from './validate.ts';

/** What the steps need. */
export interface PublishServices extends Authority {
  readonly log: Log;
  /** Makes the ids of messages. */
  readonly ids: Ids;
}

/**
 * One step.
 *
 * @returns `null`: go on with the next step; at once wherever the answer is known at once
 */
export type PublishStep = (publication: Publication, services: PublishServices) => NowOrLater<Refusal | null>;

/** Is the channel's name valid? SPEC.md section 3.1. */
export const checkName: PublishStep = ({ request: { channel, checked } }) => {
  if (checked === true) return null;
  if (typeof channel !== 'string') return new Refusal('command_invalid', '"channel" must be a string');
  const fault = channelNameFault(channel);
  return fault === null ? null : new Refusal('channel_invalid', fault);
};

/** Is the draft valid? SPEC.md section 3.3. */
export const checkDraft: PublishStep = (publication) => {
  const { draft, checked } = publication.request;
  if (checked === true) return null;
  const fault = findDraftFault(draft);
  if (fault !== null) return new Refusal(fault.error, fault.detail);
  publication.draft = toDraft(draft);
  return null;
};

/** Has the channel a rule, and may the publisher publish there? */
export const findPermission: PublishStep = (publication, services) => {
  const { channel, by, decision = authorize(services, by, 'publish', channel) } = publication.request;
  return decision instanceof Promise ? decision.then((late) => adopt(publication, late)) : adopt(publication, decision);
};

function adopt(publication: Publication, decision: Decision): Refusal | null {
  if (decision instanceof Refusal) return decision;
  publication.channel = decision.channel;
  publication.rule = decision.rule;
  publication.bound = decision.bound;
  return null;
}

/** May the message last as long as its publisher wants? SPEC.md section 5.2. */
export const checkTtl: PublishStep = ({ draft: { ttl }, rule }) => {
  if (ttl === undefined || rule.ttl === null || ttl <= rule.ttl.max) return null;
  return new Refusal(
    'command_invalid',
    `"ttl" may be at most ${rule.ttl.max} ms on channels of "${rule.pattern.source}"`,
  );
};

/** Is the publisher within the rule's rate? */
export const takeRate: PublishStep = ({ request: { allowance, channel }, rule }, { clock }) =>
  allowance === null || rule.rate === null ? null : allowance.takePublish(rule, channel, clock.monotonic());

/**
 * Does the message fit the channel's contract? A schema may add to what arrived, e.g. defaults.
 * SPEC.md section 3.4.
 */
export const checkContract: PublishStep = (publication, { events }) => {
  const { rule } = publication;
  const oversize = checkSize(publication);
  if (oversize !== null || rule.schemas === null) return oversize;
  const draft = validateDraft(publication.draft, rule, events);
  if (draft instanceof Refusal) return draft;
  publication.draft = draft;
  publication.asArrived = false;
  return checkSize(publication);
};

const checkSize = ({ channel, rule: { maxPayload: most }, draft, request, asArrived }: Publication): Refusal | null =>
  asArrived && isSurelySmall(request.arrived, most) ? null : refuseLarge('data', draft.data, { channel, most });

/** Appends the message: at once on the memory engine, otherwise when the engine holds it. */
export const append: PublishStep = (publication, services) => {
  const entry = stamp(publication, services);
  const number = services.ids.latest; // before copies get theirs
  const stored = services.log.append(publication.channel, entry, appendOptions(publication, entry, services));
  if (!(stored instanceof Promise)) return acknowledge(publication, { entry, number, stored }, services);
  const start = performance.now();
  return stored.then((late) =>
    acknowledge(publication, { entry, number, stored: late, waited: performance.now() - start }, services),
  );
};

function acknowledge(publication: Publication, appended: Appended, { events }: PublishServices): null {
  const { entry, number, stored, waited } = appended;
  publication.appended = appended;
  const { channel, rule } = publication;
  if (stored.id === entry.id) {
    const { id, offset } = stored;
    events.emit('published', { channel, rule: rule.pattern.source, id, number, offset, waited, content: entry });
  }
  return null;
}

function stamp({ draft, request: { by }, rule }: Publication, { ids, clock }: PublishServices): Entry {
  const { data, event, tags, trace, ttl = rule.ttl?.default ?? undefined } = draft;
  const entry: { -readonly [Field in keyof Entry]: Entry[Field] } = { id: ids.next(), time: clock.now(), data };
  if (ttl !== undefined) entry.expiresAt = entry.time + ttl;
  if (event !== undefined) entry.event = event;
  if (tags !== undefined) entry.tags = tags;
  if (trace !== undefined) entry.trace = trace;
  if (rule.from && by.user !== null) entry.from = by.user;
  return entry;
}

function appendOptions(publication: Publication, entry: Entry, { log, ids }: PublishServices): AppendOptions {
  const { rule, draft, request, channel, bound } = publication;
  const { if: expected } = draft;
  const options = optionsOf(rule, publication.key);
  const copies = log.copies === true && bound.length > 0 ? copiesOf({ entry, channel, bound }, ids.next) : NO_COPIES;
  const { source, dedupe } = request;
  if (expected === undefined && copies.length === 0 && source === undefined && dedupe === undefined) return options;
  const isPlain = expected === undefined && copies.length === 0 && dedupe === undefined;
  if (isPlain && source !== undefined) return { ...options, source };
  return {
    ...options,
    ...(expected && { expected }),
    ...(copies.length > 0 && { copies }),
    ...(source && { source }),
    ...(dedupe !== undefined && { window: dedupe }),
  };
}
