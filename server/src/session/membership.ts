import type { Json } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import type { EndReason, Kind, Standing } from '../channels/standing.ts';
import { sameJson } from '../util/same-json.ts';
import { infoOf, infoProblem } from './member-info.ts';
import type { SessionContext } from './session-context.ts';

/** Memberships, by channel. */
export const MEMBERSHIPS: Kind<Membership> = { name: 'membership' };

/** Has a session's user enter a channel: as a member with this connection, until it ends. SPEC.md section 4.8. */
export class Membership implements Standing {
  readonly channelName: string;
  readonly #session: SessionContext;
  readonly #user: string;
  /** How often the store is being asked to enter it. */
  #asked = 0;
  /** Has the store confirmed it? */
  #entered = false;
  /** Does the member show an older `info` than the token's, because the store was away? */
  #infoUnshown = false;
  #ended = false;

  constructor(session: SessionContext, channel: string, user: string) {
    this.#session = session;
    this.channelName = channel;
    this.#user = user;
  }

  get kind(): Kind {
    return MEMBERSHIPS;
  }

  get key(): string {
    return this.channelName;
  }

  get verb(): 'enter' {
    return 'enter';
  }

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Makes the user a member, or the member as the token and the given state say. It is held from now on, so that a close ends it; not any
   * more if the store never confirmed it.
   *
   * @param state absent: it stays as it is
   */
  enter(state: Json | undefined): void | Promise<void> {
    const entering = this.#enter(state);
    this.#session.add(this);
    if (entering instanceof Promise) return this.#await(entering);
    this.#entered = true;
  }

  #enter(state: Json | undefined): void | Promise<void> {
    const { connection, identity, services } = this.#session;
    const info = infoOf(identity);
    return services.presence.enter({
      channel: this.channelName,
      connection: connection.id,
      user: this.#user,
      ...(info === undefined ? undefined : { info }),
      ...(state === undefined ? undefined : { state }),
    });
  }

  async #await(entering: Promise<void>): Promise<void> {
    this.#asked++;
    try {
      await entering;
      this.#entered = true;
    } finally {
      this.#asked--;
      const never = this.#asked === 0 && !this.#entered;
      if (never && !this.#ended) this.#session.forget(this);
    }
  }

  overflowed(): boolean {
    return false;
  }

  drained(): void {}

  /** Shows the claim `info` of a new token, unless it is as before; a store that was away is asked again. */
  refreshed(before: Identity): void {
    const { identity, limits, services } = this.#session;
    if (infoProblem(identity) !== null) return; // the old one stays
    if (!this.#infoUnshown && sameJson(infoOf(before), infoOf(identity))) return;
    this.#infoUnshown = false;
    limits.charge(1, services.clock); // as much work as an `enter`
    const entering = this.enter(undefined);
    if (!(entering instanceof Promise)) return;
    entering.catch(() => {
      this.#infoUnshown = true;
    });
    this.#reportFailure(entering);
  }

  end(reason: EndReason): void | Promise<void> {
    this.#ended = true;
    const leaving = this.#leave(reason === 'closed' ? this.#grace : 0);
    if (reason === 'asked') return leaving;
    this.#reportFailure(leaving);
    if (reason === 'permission') this.#session.push({ type: 'left', channel: this.channelName, reason });
  }

  /** Milliseconds during which the member still counts after its connection has closed. */
  get #grace(): number {
    return this.#session.services.rules.match(this.channelName)?.rule.presence.grace ?? 0;
  }

  #leave(grace: number): void | Promise<void> {
    const { connection, services } = this.#session;
    return services.presence.leave({ channel: this.channelName, connection: connection.id, user: this.#user }, grace);
  }

  #reportFailure(outcome: void | Promise<void>): void {
    if (!(outcome instanceof Promise)) return;
    outcome.catch((error: unknown) => {
      this.#session.services.events.emit('fault', { where: 'presence: a membership could not be changed', error });
    });
  }
}
