import { type Identity, sameClaims } from '../auth/identity.ts';
import { type Authority, authorize } from '../channels/authorize.ts';
import type { Standing } from '../channels/standing.ts';
import { Refusal } from '../refusal.ts';
import type { FairScheduler, Resumable } from './fair-scheduler.ts';
import type { Registered } from './registry.ts';
import type { SessionContext } from './session-context.ts';

/** Things that one turn of the event loop looks at: a fraction of a millisecond, however many capabilities the token has. */
export const STEPS = 64;

type Steps = Generator<Promise<void> | void>;

/**
 * Looks at everything that sessions hold after a token or the rules were replaced: what is forbidden now ends, and the rest
 * adapts to a new token. Each turn takes a bounded number of steps, so nobody waits for thousands of them.
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

  /** @param before who the session was with the token before */
  static ofToken(session: SessionContext, before: Identity): PermissionReview {
    return new PermissionReview(session.services.scheduler, untilClosed(session, stepsOf(session, before)));
  }

  /** Of all these sessions, one after the other. */
  static ofRules(
    sessions: readonly Registered[],
    { scheduler, ...authority }: Authority & { scheduler: FairScheduler },
  ): PermissionReview {
    return new PermissionReview(scheduler, stepsOfAll(sessions, authority));
  }

  /** Resolves when everything has been looked at, or the connection has closed. */
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

  /** @returns whether that was all */
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
    late.catch(() => {}); // `run` rejects at the end; until then this must not count as unhandled, which ends the process
  }
}

/** A mistake with one session is reported at the end: the others are looked at all the same. */
function* stepsOfAll(sessions: readonly Registered[], authority: Authority): Steps {
  for (const session of sessions) {
    try {
      yield* untilClosed(session, endForbidden(session, authority));
    } catch (error) {
      yield Promise.reject(error);
    }
    yield; // one that holds nothing is a step, too
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
 * Ends what is forbidden now, each with its reason. What the client opens meanwhile is judged by the new token anyway.
 *
 * @yields where a function answers with a promise: when that has been looked at
 */
function* endForbidden(session: Registered, authority: Authority): Steps {
  for (const standing of [...session.standings]) if (!standing.ended) yield recheck(session, standing, authority);
}

/** Ends one thing if it is forbidden now. */
function recheck(session: Registered, standing: Standing, authority: Authority): Promise<void> | void {
  const { identity } = session;
  const { verb, channelName } = standing;
  const asked = authorize(authority, identity, verb, channelName);
  const end = () => void session.end(standing, 'permission');
  if (!(asked instanceof Promise)) {
    if (asked instanceof Refusal) end();
    return;
  }
  const rule = authority.rules.match(channelName)?.rule;
  return asked.then((decision) => {
    // A token or rules that came meanwhile have their own review.
    const isInForce = session.identity === identity && authority.rules.match(channelName)?.rule === rule;
    if (decision instanceof Refusal && session.state !== 'closed' && isInForce) end();
  });
}
