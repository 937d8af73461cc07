import { checkData, type Json } from '@sluice/protocol';
import { Refusal } from '../channels/refusal.ts';
import type { Watcher } from '../channels/watcher.ts';
import type { Session } from './session.ts';

/** Most bytes of the token's `info` claim, as JSON. */
const MOST_INFO = 1024;

/** Where one session is a member, and where it watches who is. */
export class Attendance {
  readonly #session: Session;
  readonly memberships = new Set<string>();
  readonly watchers = new Map<string, Watcher>();
  /** Channels of which the engine is still being asked, before they are watched. */
  readonly opening = new Set<string>();

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
    const info = identity.claims.info as Json | undefined;
    const problem = info === undefined ? null : infoProblem(info);
    if (problem !== null) return problem;
    const isNew = !this.memberships.has(channel);
    this.memberships.add(channel);
    const entering = services.presence.enter({
      channel,
      connection: connection.id,
      user,
      ...(info === undefined ? undefined : { info }),
      ...(state === undefined ? undefined : { state }),
    });
    if (!(entering instanceof Promise)) return null;
    return entering.then(
      () => null,
      (error: unknown) => {
        if (isNew) this.memberships.delete(channel);
        throw error;
      },
    );
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
    for (const channel of this.memberships) this.drop(channel, rules.match(channel)?.rule.presence.grace ?? 0);
  }

  /** As `leave`, where nobody waits for the outcome. */
  drop(channel: string, grace: number): void {
    this.#report(this.leave(channel, grace));
  }

  /** Members show the claim "info" of a new token; the old one stays where the new one is not fit to be shown. */
  showInfo(user: string): void {
    for (const channel of this.memberships) this.#report(this.enter(channel, user, undefined));
  }

  #report(outcome: unknown): void {
    if (!(outcome instanceof Promise)) return;
    outcome.catch((error: unknown) => {
      this.#session.services.events.emit('fault', { where: 'presence: a membership could not be changed', error });
    });
  }
}

/** The token's issuer may have put anything into it, but every watcher must be able to read it. SPEC.md section 3.3. */
function infoProblem(info: Json): Refusal | null {
  const fault = checkData(info);
  if (fault !== null) return new Refusal('payload_invalid', fault.replace(/^data/, 'the claim "info"'));
  return tooLarge('the claim "info"', info, MOST_INFO);
}

/** What a member shows has its limits. */
export function tooLarge(what: string, value: Json, most: number): Refusal | null {
  const size = Buffer.byteLength(JSON.stringify(value));
  return size <= most
    ? null
    : new Refusal('payload_too_large', `${what} has ${size} bytes as JSON; at most ${most} are taken`);
}
