import { type Identity, sameClaims } from '../auth/identity.ts';
import { type Authority, authorize, type Decision } from '../channels/authorize.ts';
import type { Standing } from '../channels/standing.ts';
import { Refusal } from '../refusal.ts';
import type { FairScheduler, Resumable } from './fair-scheduler.ts';
import type { Registered } from './registry.ts';
import type { SessionContext } from './session-context.ts';

/** Steps in one turn of the event loop: a fraction of a millisecond, however many capabilities the token has. */
export const STEPS = 64;

type Steps = Generator<Promise<void> | void>;

/**
 * Checks everything that sessions hold after a token or the rules were replaced: what is no longer
 * allowed ends, and the rest adapts to a new token. Each turn takes a bounded number of steps, so
 * that no other connection waits for thousands of them.
 */
export class PermissionReview implements Resumable {
  readonly #scheduler: FairScheduler;
  readonly #steps: Steps;
  readonly #late: Promise<void>[] = [];
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  private constructor(scheduler: FairScheduler, steps: Steps) {
    this.#scheduler = scheduler;
    this.#steps = steps;
  }

  /** @param before the session's identity under the token before */
  static ofToken(session: SessionContext, before: Identity): PermissionReview {
    return new PermissionReview(session.services.scheduler, untilClosed(session, stepsOf(session, before)));
  }

  /**
   * Reviews these sessions one after the other.
   *
   * @param only reviews only what they hold on these channels; default: everything
   */
  static ofRules(
    sessions: readonly Registered[],
    { scheduler, ...authority }: Authority & { scheduler: FairScheduler },
    only: (channel: string) => boolean = () => true,
  ): PermissionReview {
    return new PermissionReview(scheduler, stepsOfAll(sessions, { ...authority, only }));
  }

  /** Resolves when everything has been checked, or the connection has closed. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.resume();
    });
  }

  resume(): void {
    try {
      if (!this.#takeSteps()) this.#scheduler.add(this);
      else Promise.all(this.#late).then(() => this.#settle?.resolve(), this.#settle?.reject);
    } catch (error) {
      this.#settle?.reject(error);
    }
  }

  /** @returns whether all steps are done */
  #takeSteps(): boolean {
    for (let taken = 0; taken < STEPS; taken++) {
      const { done, value } = this.#steps.next();
      if (done === true) return true;
      if (value instanceof Promise) this.#wait(value);
    }
    return false;
  }

  #wait(late: Promise<void>): void {
    this.#late.push(late);
    late.catch(() => {}); // `run` rejects at the end; an unhandled rejection would end the process before
  }
}

/** What decides, and about which channels. */
type Reviewed = Authority & { readonly only?: (channel: string) => boolean };

/** An error in one session is reported at the end: the other sessions are reviewed all the same. */
function* stepsOfAll(sessions: readonly Registered[], authority: Reviewed): Steps {
  for (const session of sessions) {
    try {
      yield* untilClosed(session, endForbidden(session, authority));
    } catch (error) {
      yield Promise.reject(error);
    }
    yield; // a session that holds nothing is a step, too
  }
}

function* untilClosed(session: Registered, steps: Steps): Steps {
  while (session.state !== 'closed') {
    const { done, value } = steps.next();
    if (done === true) return;
    yield value;
  }
}

function* stepsOf(session: SessionContext, before: Identity): Steps {
  const { identity, services, standings } = session;
  if (services.rules.decideAnew || !sameClaims(before, identity)) yield* endForbidden(session, services);
  for (const standing of [...standings]) {
    if (standing.refreshed === undefined || standing.ended) continue;
    standing.refreshed(before);
    yield;
  }
}

/**
 * Ends what is no longer allowed. What the client begins meanwhile is checked against the new token anyway.
 *
 * @yields a promise if a function of the rule answers with one
 */
function* endForbidden(session: Registered, { only, ...authority }: Reviewed): Steps {
  for (const standing of [...session.standings]) {
    if (!standing.ended && only?.(standing.channelName) !== false) yield recheck(session, standing, authority);
  }
}

/** Ends one thing if it is no longer allowed; otherwise it adapts. */
function recheck(session: Registered, standing: Standing, authority: Authority): Promise<void> | void {
  const { identity } = session;
  const { verb, channelName } = standing;
  const asked = authorize(authority, identity, verb, channelName);
  if (!(asked instanceof Promise)) {
    adapt(session, standing, asked);
    return;
  }
  const rule = authority.rules.match(channelName)?.rule;
  return asked.then((decision) => {
    // A newer token, or newer rules, have a review of their own.
    const isInForce = session.identity === identity && authority.rules.match(channelName)?.rule === rule;
    if (session.state !== 'closed' && isInForce) adapt(session, standing, decision);
  });
}

function adapt(session: Registered, standing: Standing, decision: Decision): void {
  if (standing.ended) return;
  const goesOn = !(decision instanceof Refusal) && standing.reviewed?.(decision, session.identity) !== false;
  if (!goesOn) void session.end(standing, 'permission');
}
