import type { Draft, PublishResult } from '@sluice/protocol';
import type { AppendOptions, Entry, Log } from '../engine/engine.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import type { Clock } from '../util/clock.ts';
import { validateDraft } from './validate.ts';

/** Who publishes: says what `from` holds, and with whom idempotency keys are shared. */
export type Publisher =
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'anonymous' }
  /** An API key, or the program that embeds the gateway. */
  | { readonly kind: 'backend' };

export interface Publication {
  readonly channel: string;
  readonly rule: Rule;
  /** Fields of other names in it are ignored. */
  readonly draft: Draft;
  readonly publisher: Publisher;
  /** Bytes of the frame that it came in: spares counting what is surely small enough. */
  readonly arrived?: number;
}

export interface PublishingOptions {
  readonly log: Log;
  readonly events: EventBus;
  readonly clock: Clock;
  /** Makes a message's id. */
  readonly nextId: () => string;
}

/** The one door for publishing: sessions, the HTTP API and the embedding program all come through here. */
export class Publishing {
  readonly #options: PublishingOptions;

  constructor(options: PublishingOptions) {
    this.#options = options;
  }

  /**
   * Appends a message whose draft was checked (`checkDraft`) and whose publisher may publish here, as the channel's contract has it.
   *
   * @returns where it stands; at once on the memory engine, otherwise when the engine holds it
   */
  publish(publication: Publication): PublishResult | Refusal | Promise<PublishResult> {
    const oversize = checkSize(publication);
    if (oversize !== null) return oversize;
    return publication.rule.schemas === null ? this.#append(publication) : this.#validate(publication);
  }

  /** A schema may add to what came, e.g. defaults. */
  #validate(publication: Publication): PublishResult | Refusal | Promise<PublishResult> {
    const { channel, rule, publisher } = publication;
    const draft = validateDraft(publication.draft, rule, this.#options.events);
    if (draft instanceof Refusal) return draft;
    const valid = { channel, rule, draft, publisher };
    return checkSize(valid) ?? this.#append(valid);
  }

  #append(publication: Publication): PublishResult | Promise<PublishResult> {
    const { channel } = publication;
    const entry = this.#stamp(publication);
    const result = this.#options.log.append(channel, entry, appendOptions(publication));
    if (!(result instanceof Promise)) return this.#announce(channel, entry, result);
    const start = performance.now();
    return result.then((given) => this.#announce(channel, entry, given, performance.now() - start));
  }

  /** @param result of another id: the first publish's with the same key, nothing was appended */
  #announce(channel: string, { id }: Entry, result: PublishResult, waited?: number): PublishResult {
    if (result.id === id) this.#options.events.emit('published', { channel, waited });
    return result;
  }

  #stamp({ draft, publisher, rule }: Publication): Entry {
    const { nextId, clock } = this.#options;
    const { data, event, tags } = draft;
    const entry: { -readonly [Field in keyof Entry]: Entry[Field] } = { id: nextId(), time: clock.now(), data };
    if (event !== undefined) entry.event = event;
    if (tags !== undefined) entry.tags = tags;
    if (rule.from && publisher.kind === 'user') entry.from = publisher.user;
    return entry;
  }
}

/**
 * As JSON a value grows to at most so many times the bytes of the frame that it came in: `false` is one byte in MessagePack and six with
 * its comma in JSON, and so is a control character; in JSON itself `1e20` comes back with 21 digits.
 */
const GROWTH = 6;

function checkSize({ channel, rule, draft, arrived = Number.POSITIVE_INFINITY }: Publication): Refusal | null {
  if (arrived * GROWTH <= rule.maxPayload) return null;
  const size = Buffer.byteLength(JSON.stringify(draft.data));
  if (size <= rule.maxPayload) return null;
  return new Refusal(
    'payload_too_large',
    `"data" has ${size} bytes as JSON; "${channel}" accepts at most ${rule.maxPayload}`,
  );
}

function appendOptions({ rule, draft, publisher }: Publication): AppendOptions {
  const { history: retention, dedupe: window } = rule;
  if (draft.key === undefined) return { retention, window };
  return { retention, window, key: `${scopeOf(publisher)} ${draft.key}` };
}

/** A key belongs to its publisher. The length in front keeps apart what would otherwise join to the same text. */
function scopeOf(publisher: Publisher): string {
  return publisher.kind === 'user' ? `user ${publisher.user.length} ${publisher.user}` : publisher.kind;
}
