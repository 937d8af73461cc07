import { createHash } from 'node:crypto';
import { ERRORS, LIMITS } from '@sluice/protocol';
import { ANONYMOUS, type Identity } from '../auth/identity.ts';
import { isTogether } from '../channels/copies.ts';
import type { Door, PublishOutcome } from '../channels/door.ts';
import type { Publication, PublishRequest } from '../channels/publication.ts';
import type { Log } from '../engine/engine.ts';
import { Refusal } from '../refusal.ts';
import { allOf, type NowOrLater } from '../util/now-or-later.ts';
import type { InboundMessage, InboundOutcome } from './bridge-host.ts';

export interface InboundPublisherParts {
  readonly door: Door;
  readonly log: Log;
  readonly bridge: string;
  /** Milliseconds for which ids are remembered. */
  readonly dedupe: number;
  /** Does the bridge stop at a message that is refused for good, and publish it after a correction? */
  readonly stops: boolean;
}

/** A batch on its way. */
interface Batch {
  readonly publications: readonly (Publication | Refusal)[];
  /** For each publication. */
  readonly outcomes: NowOrLater<PublishOutcome>[];
  /** Channels of which a message was refused for now. */
  readonly held: Map<string, Refusal>;
}

/** Publishes what a bridge has read. */
export class InboundPublisher {
  readonly #parts: InboundPublisherParts;
  readonly #by: Identity;

  constructor(parts: InboundPublisherParts) {
    this.#parts = parts;
    this.#by = Object.freeze({ ...ANONYMOUS, user: `bridge:${parts.bridge}`, trusted: true });
  }

  /**
   * Publishes messages. If one is refused for now, so are all later ones of its channel: once a later
   * position is reached, the refused message would count as a repeat. If one stops the bridge, so are
   * all later ones: a corrected configuration may publish it to another channel.
   */
  async publish(messages: readonly InboundMessage[]): Promise<readonly InboundOutcome[]> {
    const { door } = this.#parts;
    const prepared = await allOf(messages.map((message) => door.prepare(this.#requestOf(message))));
    const publications = this.#parts.stops ? upToFinal(prepared) : prepared;
    const batch: Batch = { publications, outcomes: [], held: new Map() };
    // Within one step: an append that follows a refused one is refused by the engine only if it was
    // submitted before the refusal was known.
    const channels = messages.map(({ channel }) => channel);
    for (const [at, channel] of channels.entries())
      if (!this.#isAlone(publications[at])) this.#append(batch, at, channel);
    for (const [at, channel] of channels.entries()) {
      if (this.#isAlone(publications[at]))
        this.#append(batch, at, channel, await this.#appendAlone(batch, at, channel));
    }
    return (await allOf(batch.outcomes)).map(outcomeOf);
  }

  #requestOf({ channel, draft, once, arrived }: InboundMessage): PublishRequest {
    const { bridge, dedupe } = this.#parts;
    const by = this.#by;
    // Each as one literal: spreads took a tenth of the CPU of a message.
    if ('id' in once)
      return { channel, by, allowance: null, arrived, draft: { ...draft, key: keyOf(once.id) }, dedupe };
    const { partition, position } = once;
    return { channel, by, allowance: null, arrived, draft, source: { name: bridge, partition, position } };
  }

  /**
   * A copy that is not appended in the same step names the offset of its origin. A repeat of an
   * earlier message does not know it, so only the latest message of a channel may lack copies. A copy
   * in a queue is never part of the step.
   */
  #isAlone(publication: Publication | Refusal | undefined): boolean {
    if (publication === undefined || publication instanceof Refusal) return false;
    const { bound } = publication;
    return bound.length > 0 && !(this.#parts.log.copies === true && bound.every(isTogether));
  }

  #append({ publications, outcomes, held }: Batch, at: number, channel: string, known?: PublishOutcome): void {
    const publication = publications[at] ?? new Refusal('internal');
    const refused = held.get(channel) ?? (publication instanceof Refusal ? publication : undefined);
    const outcome = known ?? refused ?? this.#parts.door.append(publication as Publication);
    if (outcome instanceof Refusal && isRetryable(outcome)) held.set(channel, outcome);
    outcomes[at] = outcome;
  }

  async #appendAlone({ publications, held }: Batch, at: number, channel: string): Promise<PublishOutcome> {
    return held.get(channel) ?? (await this.#parts.door.append(publications[at] as Publication));
  }
}

/** Idempotency keys have a limit; ids of brokers have none. */
const keyOf = (id: string): string =>
  id.length > 0 && id.length <= LIMITS.keyLength ? id : createHash('sha256').update(id).digest('base64url');

/** Refuses for now whatever comes after a message that is refused for good. */
function upToFinal(prepared: readonly (Publication | Refusal)[]): readonly (Publication | Refusal)[] {
  const final = prepared.findIndex((each) => each instanceof Refusal && !isRetryable(each));
  return final === -1 ? prepared : prepared.map((each, at) => (at > final ? BEHIND : each));
}

const BEHIND = new Refusal('unavailable', 'it waits behind a message that was refused');

const isRetryable = ({ error }: Refusal): boolean => ERRORS[error].retryable;

function outcomeOf(outcome: PublishOutcome): InboundOutcome {
  if (!(outcome instanceof Refusal)) return { result: outcome };
  const { error, detail } = outcome;
  return { refused: { error, detail: detail ?? ERRORS[error].message, retryable: isRetryable(outcome) } };
}
