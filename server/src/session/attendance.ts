import { checkData, type Json } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import type { Watcher } from '../presence/watcher.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from './session.ts';

/** Most bytes of the token's `info` claim, as JSON. */
const MOST_INFO = 1024;

/** What is known of one membership. */
interface Membership {
  /** How often the store is being asked to enter it. */
  asked: number;
  /** Has the store taken it? */
  entered: boolean;
}

/** Of all memberships in a store that answers at once. */
const ENTERED: Membership = Object.freeze({ asked: 0, entered: true });

/** Where one session is a member, and where it watches who is. */
export class Attendance {
  readonly #session: Session;
  readonly memberships = new Map<string, Membership>();
  readonly watchers = new Map<string, Watcher>();
  /** Channels of which the engine is still being asked, before they are watched. */
  readonly opening = new Set<string>();
  /** Does a member show an older `info` than the token's, because the store was away? */
  infoUnshown = false;
  #checked: { readonly claims: Identity['claims']; readonly problem: Refusal | null } | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  add(watcher: Watcher): void {
    this.watchers.set(watcher.stage.channel, watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#session.services.presence.unwatch(watcher);
    this.watchers.delete(watcher.stage.channel);
  }

  /**
   * Makes the session's user a member, or the member as the token and the given state say.
   *
   * @param state absent: it stays as it is
   * @returns a refusal where the token's `info` is not fit to be shown
   */
  enter(channel: string, user: string, state: Json | undefined): Refusal | null | Promise<null> {
    const { connection, identity, services } = this.#session;
    const problem = this.infoProblem;
    if (problem !== null) return problem;
    const info = identity.claims.info as Json | undefined;
    const entering = services.presence.enter({
      channel,
      connection: connection.id,
      user,
      ...(info === undefined ? undefined : { info }),
      ...(state === undefined ? undefined : { state }),
    });
    if (entering instanceof Promise) return this.#await(channel, entering);
    this.memberships.set(channel, ENTERED);
    return null;
  }

  /** It counts as a member from now on, so that a close takes it out again; not any more when the store never took it. */
  async #await(channel: string, entering: Promise<void>): Promise<null> {
    const known = this.memberships.get(channel);
    const membership = known === undefined || known === ENTERED ? { asked: 0, entered: known === ENTERED } : known;
    this.memberships.set(channel, membership);
    membership.asked++;
    try {
      await entering;
      membership.entered = true;
      return null;
    } finally {
      membership.asked--;
      const never = membership.asked === 0 && !membership.entered;
      if (never && this.memberships.get(channel) === membership) this.memberships.delete(channel);
    }
  }

  /** What is wrong with the token's `info`; looked at once for each token. */
  get infoProblem(): Refusal | null {
    const { claims } = this.#session.identity;
    if (this.#checked?.claims !== claims) {
      const info = claims.info as Json | undefined;
      this.#checked = { claims, problem: info === undefined ? null : problemOf(info) };
    }
    return this.#checked.problem;
  }

  /**
   * Takes the session's connection out of a channel's members.
   *
   * @param grace milliseconds during which it still counts
   */
  leave(channel: string, grace: number): void | Promise<void> {
    this.memberships.delete(channel);
    const { connection, identity, services } = this.#session;
    if (identity.user === null) return;
    return services.presence.leave({ channel, connection: connection.id, user: identity.user }, grace);
  }

  /** The connection has closed: members stay for the grace of their channel's rule. */
  close(): void {
    const { presence, rules } = this.#session.services;
    presence.forget(this.#session);
    for (const watcher of this.watchers.values()) this.unwatch(watcher);
    for (const channel of [...this.memberships.keys()])
      this.drop(channel, rules.match(channel)?.rule.presence.grace ?? 0);
  }

  /** As `leave`, where nobody waits for the outcome. */
  drop(channel: string, grace: number): void {
    this.#report(this.leave(channel, grace));
  }

  /** A member shows the claim `info` of a new token. */
  showInfo(channel: string, user: string): void {
    const outcome = this.enter(channel, user, undefined);
    if (outcome instanceof Promise) {
      outcome.catch(() => {
        this.infoUnshown = true;
      });
    }
    this.#report(outcome);
  }

  #report(outcome: unknown): void {
    if (!(outcome instanceof Promise)) return;
    outcome.catch((error: unknown) => {
      this.#session.services.events.emit('fault', { where: 'presence: a membership could not be changed', error });
    });
  }
}

/** The token's issuer may have put anything into it, but every watcher must be able to read it. SPEC.md section 3.3. */
function problemOf(info: Json): Refusal | null {
  const fault = checkData(info);
  if (fault !== null) return new Refusal('payload_invalid', fault.replace(/^data/, 'the claim "info"'));
  return tooLarge('the claim "info"', info, MOST_INFO);
}

/** What a member shows has its limits. */
export function tooLarge(what: string, value: Json, most: number): Refusal | null {
  const size = Buffer.byteLength(JSON.stringify(value));
  return size <= most
    ? null
    : new Refusal('payload_too_large', `${what} has ${size} bytes as JSON; the gateway accepts at most ${most}`);
}
