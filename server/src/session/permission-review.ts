import { type Identity, sameClaims, type Verb } from '../auth/identity.ts';
import { authorize } from '../channels/authorize.ts';
import { Refusal } from '../refusal.ts';
import { sameJson } from '../util/same-json.ts';
import type { Behind, Rounds } from './rounds.ts';
import type { Session } from './session.ts';

/** Things that one turn of the event loop looks at: a fraction of a millisecond, however many capabilities the token has. */
export const STEPS = 64;

type Steps = Generator<Promise<void> | void>;

/**
 * Looks at everything that sessions hold after a token or the rules were replaced: what is forbidden now ends, and members show
 * the `info` of a new token. Each turn takes a bounded number of steps, so nobody waits for thousands of them.
 */
export class PermissionReview implements Behind {
  readonly #rounds: Rounds;
  readonly #steps: Steps;
  readonly #late: Promise<void>[] = [];
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  private constructor(rounds: Rounds, steps: Steps) {
    this.#rounds = rounds;
    this.#steps = steps;
  }

  /** @param before who the session was with the token before */
  static ofToken(session: Session, before: Identity): PermissionReview {
    return new PermissionReview(session.services.rounds, untilClosed(session, stepsOf(session, before)));
  }

  /** Of all these sessions, one after the other. */
  static ofRules(sessions: readonly Session[], rounds: Rounds): PermissionReview {
    return new PermissionReview(rounds, stepsOfAll(sessions));
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
      if (!this.#takeSteps()) this.#rounds.add(this);
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
function* stepsOfAll(sessions: readonly Session[]): Steps {
  for (const session of sessions) {
    try {
      yield* untilClosed(session, endForbidden(session));
    } catch (error) {
      yield Promise.reject(error);
    }
    yield; // one that holds nothing is a step, too
  }
}

function* untilClosed(session: Session, steps: Steps): Steps {
  while (session.state !== 'closed') {
    const { done, value } = steps.next();
    if (done === true) return;
    yield value;
  }
}

function* stepsOf(session: Session, before: Identity): Steps {
  const { identity, services } = session;
  if (services.rules.decideAnew || !sameClaims(before, identity)) yield* endForbidden(session);
  yield* showInfo(session, before);
}

/** Nothing to do where the claim is as before; a store that was away is told again. */
function* showInfo({ attendance, identity, limits, services }: Session, before: Identity): Generator<void> {
  if (identity.user === null || attendance.infoProblem !== null) return; // the old one stays
  if (!attendance.infoUnshown && sameJson(before.claims.info, identity.claims.info)) return;
  attendance.infoUnshown = false;
  for (const channel of [...attendance.memberships.keys()]) {
    if (attendance.memberships.has(channel)) {
      limits.charge(1, services.clock); // as much work as an `enter`
      attendance.showInfo(channel, identity.user);
    }
    yield;
  }
}

/**
 * Ends what is forbidden now, each with its reason. What the client opens meanwhile is judged by the new token anyway.
 *
 * @yields where a function answers with a promise: when that has been looked at
 */
function* endForbidden(session: Session): Steps {
  const { attendance } = session;
  for (const cursor of [...session.cursors.values()]) {
    yield ifForbidden(session, 'subscribe', cursor.channel.name, () => {
      if (cursor.state !== 'ended') session.dropCursor(cursor, 'permission');
    });
  }
  for (const watcher of [...session.watchers.values()]) {
    const { channel } = watcher.stage;
    yield ifForbidden(session, 'presence', channel, () => {
      if (watcher.state === 'ended') return;
      attendance.unwatch(watcher);
      session.push({ type: 'unwatched', channel, reason: 'permission' });
    });
  }
  for (const channel of [...attendance.memberships.keys()]) {
    yield ifForbidden(session, 'enter', channel, () => {
      if (!attendance.memberships.has(channel)) return;
      attendance.drop(channel, 0);
      session.push({ type: 'left', channel, reason: 'permission' });
    });
  }
}

function ifForbidden(session: Session, verb: Verb, channel: string, end: () => void): Promise<void> | void {
  const { identity, services } = session;
  const asked = authorize(services, identity, verb, channel);
  if (!(asked instanceof Promise)) {
    if (asked instanceof Refusal) end();
    return;
  }
  const rule = services.rules.match(channel)?.rule;
  return asked.then((decision) => {
    // A token or rules that came meanwhile have their own review.
    const isInForce = session.identity === identity && services.rules.match(channel)?.rule === rule;
    if (decision instanceof Refusal && session.state !== 'closed' && isInForce) end();
  });
}
