import type { Json } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import { type EndReason, gatewayEnding, type Kind, type Standing } from '../channels/standing.ts';
import type { EnterRequest } from '../engine/presence.ts';
import { sameJson } from '../util/same-json.ts';
import { infoOf, infoProblem } from './member-info.ts';
import type { SessionContext } from './session-context.ts';

/** Memberships, by channel. */
export const MEMBERSHIPS: Kind<Membership> = { name: 'membership' };

/** A session's user as a member of a channel, with this connection. SPEC.md section 4.8. */
export class Membership implements Standing {
  readonly channelName: string;
  readonly #session: SessionContext;
  readonly #user: string;
  /** What a hook has returned: it takes the place of the token's `info`. */
  #info: Json | undefined;
  /** How many requests to enter wait for the store. */
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
   * Makes the user a member, or updates the member by the token and the given state. The session
   * holds it from now on, so that a close ends it, but no longer if the store never confirmed it.
   *
   * @param state absent: the state does not change
   * @param info what a hook has returned, instead of the claim of the token
   */
  enter(state: Json | undefined, info?: Json): void | Promise<void> {
    if (info !== undefined) this.#info = info;
    return this.#add(this.#enter({ ...this.#shownInfo, ...(state === undefined ? undefined : { state }) }));
  }

  #add(entering: void | Promise<void>): void | Promise<void> {
    this.#session.add(this);
    if (entering instanceof Promise) return this.#await(entering);
    this.#entered = true;
  }

  get #shownInfo(): Pick<EnterRequest, 'info'> {
    const info = this.#info ?? infoOf(this.#session.identity);
    return info === undefined ? {} : { info };
  }

  #enter(shown: Pick<EnterRequest, 'info' | 'withoutInfo' | 'state'>): void | Promise<void> {
    const { connection, services } = this.#session;
    return services.presence.enter({
      channel: this.channelName,
      connection: connection.id,
      user: this.#user,
      ...shown,
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

  /** Shows the claim `info` of a new token if it has changed, or if the store missed the change before. */
  refreshed(before: Identity): void {
    const { identity, limits, services } = this.#session;
    if (this.#info !== undefined || infoProblem(identity) !== null) return; // the member keeps the old one
    if (!this.#infoUnshown && sameJson(infoOf(before), infoOf(identity))) return;
    this.#infoUnshown = false;
    limits.charge(1, services.clock); // as much work as an `enter`
    const { info } = this.#shownInfo;
    const entering = this.#add(this.#enter(info === undefined ? { withoutInfo: true } : { info }));
    if (!(entering instanceof Promise)) return;
    entering.catch(() => {
      this.#infoUnshown = true;
    });
    this.#reportFailure(entering);
  }

  end(reason: EndReason, message?: string): void | Promise<void> {
    this.#ended = true;
    const leaving = this.#leave(reason === 'closed' ? this.#grace : 0);
    if (reason === 'asked') return leaving;
    this.#reportFailure(leaving);
    const ending = gatewayEnding(reason, message);
    if (ending !== null) this.#session.push({ type: 'left', channel: this.channelName, ...ending });
  }

  /** Milliseconds for which the user stays a member after the connection has closed. */
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
