import type { Identity } from '../auth/identity.ts';
import type { Verification, Verifier } from '../auth/token.ts';
import type { Revocation } from '../engine/revocations.ts';

/** Milliseconds between two searches for revocations that have ended. */
const TIDY_EVERY = 60_000;

/** The revocations in force that this node knows. Every token is checked against them. */
export class Revoked {
  readonly #clock: () => number;
  // By the most selective field: the token id, otherwise the user, otherwise only the time.
  readonly #byToken = new Map<string, readonly Revocation[]>();
  readonly #byUser = new Map<string, readonly Revocation[]>();
  #tidyAt = 0;
  #byTime: readonly Revocation[] = [];

  /** @param clock of an `AgeClock`, so that no revocation ends early because a clock was set forward */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  add(revocation: Revocation): void {
    const { jti, user } = revocation;
    if (jti !== undefined) this.#push(this.#byToken, jti, revocation);
    else if (user !== undefined) this.#push(this.#byUser, user, revocation);
    else this.#byTime = this.#with(this.#byTime, revocation);
  }

  #push(map: Map<string, readonly Revocation[]>, name: string, revocation: Revocation): void {
    map.set(name, this.#with(map.get(name) ?? [], revocation));
  }

  /** A list with one more, but without those that are over, or that another one includes. */
  #with(list: readonly Revocation[], revocation: Revocation): readonly Revocation[] {
    if (list.some((other) => includes(other, revocation))) return list;
    return [...list.filter((other) => this.#isInForce(other) && !includes(revocation, other)), revocation];
  }

  /** Is the token of this identity revoked? */
  covers(identity: Identity): boolean {
    const { user, tokenId } = identity;
    return (
      (tokenId !== undefined && this.#covers(this.#byToken.get(tokenId), identity)) ||
      (user !== null && this.#covers(this.#byUser.get(user), identity)) ||
      this.#covers(this.#byTime, identity)
    );
  }

  #covers(candidates: readonly Revocation[] | undefined, identity: Identity): boolean {
    return candidates?.some((revocation) => this.#isInForce(revocation) && applies(revocation, identity)) === true;
  }

  /** How many are stored. */
  get size(): number {
    const listed = [...this.#byToken.values(), ...this.#byUser.values()].reduce((sum, { length }) => sum + length, 0);
    return listed + this.#byTime.length;
  }

  /** Removes those that have ended, at most once a minute: there may be many. */
  tidy(): void {
    const now = this.#clock();
    if (now < this.#tidyAt) return;
    this.#tidyAt = now + TIDY_EVERY;
    for (const map of [this.#byToken, this.#byUser]) {
      for (const [name, list] of map) {
        if (!list.some((revocation) => this.#isInForce(revocation))) map.delete(name);
      }
    }
    this.#byTime = this.#byTime.filter((revocation) => this.#isInForce(revocation));
  }

  #isInForce({ until }: Revocation): boolean {
    return until > this.#clock();
  }
}

/** Does a revocation cover every token that another one does, for at least as long? */
function includes(one: Revocation, { user, jti, before, until }: Revocation): boolean {
  if (one.until < until) return false;
  if (one.user !== undefined && one.user !== user) return false;
  if (one.jti !== undefined && one.jti !== jti) return false;
  return one.before === undefined || (before !== undefined && one.before >= before);
}

/** All fields of a revocation must match. No revocation covers an identity without a user. */
function applies({ user, jti, before }: Revocation, identity: Identity): boolean {
  if (identity.user === null) return false;
  if (user !== undefined && user !== identity.user) return false;
  if (jti !== undefined && jti !== identity.tokenId) return false;
  return before === undefined || (identity.issuedAt ?? Number.NEGATIVE_INFINITY) < before;
}

/** A verifier that also refuses revoked tokens. */
export function withRevoked(verifier: Verifier, revoked: Revoked): Verifier {
  const check = (token: string, verification: Verification): Verification => {
    if (!verification.ok || !revoked.covers(verification.identity)) return verification;
    verifier.forget?.(token);
    return { ok: false, error: 'token_revoked', message: 'The token was revoked.' };
  };
  return {
    verify(token) {
      const verification = verifier.verify(token);
      return verification instanceof Promise
        ? verification.then((later) => check(token, later))
        : check(token, verification);
    },
    close: () => verifier.close(),
  };
}
