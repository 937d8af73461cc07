import { type Identity, sameClaims, type Verb } from '../auth/identity.ts';
import { authorize } from '../channels/authorize.ts';
import { Refusal } from '../channels/refusal.ts';
import { sameJson } from '../util/same-json.ts';
import type { Behind } from './rounds.ts';
import type { Session } from './session.ts';

/** Things that one turn of the event loop looks at: a fraction of a millisecond, however many capabilities the token has. */
export const STEPS = 64;

/**
 * Looks at everything that a session holds after its token was replaced: what the new one does not allow any more ends,
 * and members show its `info`. Some of it in each turn, so that nobody waits for a connection that holds thousands.
 */
export class PermissionReview implements Behind {
  readonly #session: Session;
  readonly #steps: Iterator<Promise<void> | void>;
  readonly #late: Promise<void>[] = [];
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  /** @param before who the session was with the token before; `null`: the token is the same, the rules are new */
  constructor(session: Session, before: Identity | null) {
    this.#session = session;
    this.#steps = stepsOf(session, before);
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
      if (!this.#takeSteps()) this.#session.services.rounds.add(this);
      else Promise.all(this.#late).then(() => this.#settle?.resolve(), this.#settle?.reject);
    } catch (error) {
      this.#settle?.reject(error);
    }
  }

  /** @returns whether that was all */
  #takeSteps(): boolean {
    for (let taken = 0; taken < STEPS; taken++) {
      if (this.#session.state === 'closed') return true;
      const { done, value } = this.#steps.next();
      if (value instanceof Promise) this.#late.push(value);
      if (done === true) return true;
    }
    return false;
  }
}

function* stepsOf(session: Session, before: Identity | null): Generator<Promise<void> | void> {
  const { identity, services } = session;
  if (before === null) {
    yield* endForbidden(session);
    return;
  }
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
function* endForbidden(session: Session): Generator<Promise<void> | void> {
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
  return asked.then((decision) => {
    // A token that came meanwhile is looked at by its own review.
    if (decision instanceof Refusal && session.state !== 'closed' && session.identity === identity) end();
  });
}
