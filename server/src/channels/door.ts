import { isChannelName, type PublishResult } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import { shareJson } from '../util/shared-json.ts';
import { authorize, type Decision } from './authorize.ts';
import { beginSpan } from './begin-span.ts';
import { carryOutAll } from './carry-out-all.ts';
import { copyToBound } from './copy-step.ts';
import { Publication, type PublishRequest } from './publication.ts';
import {
  append,
  checkContract,
  checkDraft,
  checkName,
  checkTtl,
  findPermission,
  type PublishServices,
  type PublishStep,
  takeRate,
} from './publish-steps.ts';
import type { PublishTracer } from './publish-tracing.ts';
import { refuseUnavailable } from './refuse-unavailable.ts';

export type { PublishStep } from './publish-steps.ts';

/** A step after the engine has the message. */
export type AfterAppend = PublishStep;

/** What a gateway adds to each publish. */
export interface PublishExtensions {
  /** Asked for each publish that is permitted and within its rate; may refuse it or replace its draft. */
  readonly hooks?: readonly PublishStep[];
  /** Carried out for each publish that the engine holds, before it is acknowledged; also if a copy is refused. */
  readonly afterAppend?: readonly AfterAppend[];
  /** Default: publishes are not traced. */
  readonly tracer?: PublishTracer | undefined;
}

/** One message of a batch. */
export type BatchMessage = Pick<PublishRequest, 'channel' | 'draft'>;
/** Who publishes a batch. */
export type BatchPublisher = Pick<PublishRequest, 'by' | 'allowance'>;

/** Why a publish was refused, or where the message stands. */
export type PublishOutcome = PublishResult | Refusal;

/** Steps in their order, and what comes of a publication that passes all of them. */
interface Course<T> {
  readonly steps: readonly PublishStep[];
  readonly finish: (publication: Publication) => T;
}

/**
 * The door for publishing: the session's command, the HTTP API and the embedding program come
 * through here, and nothing else appends.
 */
export class Door {
  readonly #services: PublishServices;
  readonly #beginning: Course<Publication>;
  readonly #preparing: Course<Publication>;
  /** The steps before `checkContract`. */
  readonly #begin: readonly PublishStep[];
  #finishing: Course<PublishResult>;
  #publishing: Course<PublishResult>;
  #appending: Course<PublishResult>;

  constructor(services: PublishServices, { hooks = [], afterAppend = [], tracer }: PublishExtensions = {}) {
    this.#services = services;
    const permit = [checkName, checkDraft, findPermission, checkTtl, takeRate];
    this.#begin = [...permit, ...(tracer === undefined ? [] : [beginSpan(tracer)]), ...hooks];
    this.#beginning = { steps: this.#begin, finish: (publication) => publication };
    this.#preparing = { steps: [...permit, ...hooks, checkContract], finish: (publication) => publication };
    this.#appending = courseAfter(afterAppend);
    this.#finishing = { ...this.#appending, steps: [checkContract, ...this.#appending.steps] };
    this.#publishing = { ...this.#appending, steps: [...this.#begin, ...this.#finishing.steps] };
  }

  /** Replaces the steps after the append, for publishes that begin from now on. */
  replaceAfterAppend(afterAppend: readonly AfterAppend[]): void {
    this.#appending = courseAfter(afterAppend);
    this.#finishing = { ...this.#appending, steps: [checkContract, ...this.#appending.steps] };
    this.#publishing = { ...this.#appending, steps: [...this.#begin, ...this.#finishing.steps] };
  }

  /**
   * Publishes a message. Publishes of one publisher to one channel are appended in the order of the
   * calls, unless a step answers later.
   *
   * @returns the acknowledgement; at once on the memory engine, otherwise when the engine holds the
   *   message
   * @throws errors that are bugs; an engine that is away or full is a refusal
   */
  publish(request: PublishRequest): NowOrLater<PublishOutcome> {
    return this.#carryOut(new Publication(request), this.#publishing, 0);
  }

  /**
   * Carries out the first half of a publish: is it permitted, within its rate, and do the hooks allow
   * it? Publishes whose hooks answer in another order are finished in the order of their arrival.
   */
  begin(request: PublishRequest): NowOrLater<Publication | Refusal> {
    return this.#carryOut(new Publication(request), this.#beginning, 0);
  }

  /** Carries out the second half of a publish: its contract, and the append. */
  finish(begun: Publication): NowOrLater<PublishOutcome> {
    return this.#carryOut(begun, this.#finishing, 0);
  }

  /**
   * Carries out every step before the append: is the publish permitted, within its rate, and does it
   * fit the channel's contract?
   */
  prepare(request: PublishRequest): NowOrLater<Publication | Refusal> {
    return this.#carryOut(new Publication(request), this.#preparing, 0);
  }

  /** Carries out the append, and every step after it. For a publication that `prepare` returned. */
  append(publication: Publication): NowOrLater<PublishOutcome> {
    return this.#carryOut(publication, this.#appending, 0);
  }

  /**
   * Publishes a batch. Every permission is decided before anything is appended, so that a grant
   * that answers late does not change the order. A payload that several messages have in common is
   * encoded once.
   *
   * @returns one outcome for each message, in their order
   */
  publishAll(messages: readonly BatchMessage[], from: BatchPublisher): Promise<PublishOutcome[]> {
    const [first, second] = messages;
    const isOne = second !== undefined && first?.draft.data === second.draft.data;
    return shareJson(isOne ? first?.draft.data : undefined, () => this.#publishAll(messages, from));
  }

  async #publishAll(messages: readonly BatchMessage[], from: BatchPublisher): Promise<PublishOutcome[]> {
    const decisions = new Map<string, NowOrLater<Decision>>();
    for (const { channel } of messages) {
      if (typeof channel !== 'string' || !isChannelName(channel) || decisions.has(channel)) continue;
      decisions.set(channel, authorize(this.#services, from.by, 'publish', channel));
    }
    const decided = new Map<string, Decision>();
    for (const [channel, decision] of decisions) decided.set(channel, await decision);
    const begun = messages.map(({ channel, draft }) => {
      const decision = decided.get(channel);
      return this.begin({ ...from, asker: from, channel, draft, ...(decision === undefined ? {} : { decision }) });
    });
    return this.#finishInOrder(begun);
  }

  /** Hooks may answer in another order. */
  async #finishInOrder(begun: readonly NowOrLater<Publication | Refusal>[]): Promise<PublishOutcome[]> {
    const finished: NowOrLater<PublishOutcome>[] = [];
    for (const one of begun) {
      const publication = one instanceof Promise ? await one : one;
      finished.push(publication instanceof Refusal ? publication : this.finish(publication));
    }
    return Promise.all(finished);
  }

  /** Goes on with a publication until a step refuses it or has to wait. */
  #carryOut<T>(publication: Publication, course: Course<T>, from: number): NowOrLater<T | Refusal> {
    const { steps } = course;
    try {
      for (let at = from; at < steps.length; at++) {
        const verdict = steps[at]?.(publication, this.#services) ?? null;
        if (verdict === null) continue;
        if (!(verdict instanceof Promise)) return refuse(publication, verdict);
        return verdict.then(
          (late) => (late === null ? this.#carryOut(publication, course, at + 1) : refuse(publication, late)),
          (error: unknown) => fail(publication, error),
        );
      }
      return course.finish(publication);
    } catch (error) {
      return fail(publication, error);
    }
  }
}

/** The course from the append to the acknowledgement. */
const courseAfter = (afterAppend: readonly AfterAppend[]): Course<PublishResult> => ({
  steps: [append, carryOutAll([copyToBound, ...afterAppend])],
  finish: ({ result, span }) => {
    span?.end(result);
    return result;
  },
});

function refuse({ span }: Publication, refusal: Refusal): Refusal {
  span?.end(refusal);
  return refusal;
}

function fail(publication: Publication, error: unknown): Refusal {
  try {
    return refuse(publication, refuseUnavailable(error));
  } catch (bug) {
    publication.span?.end(undefined);
    throw bug;
  }
}
