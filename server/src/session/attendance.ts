import type { Watcher } from '../channels/watcher.ts';
import type { Session } from './session.ts';

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
    for (const channel of this.memberships) void this.leave(channel, rules.match(channel)?.rule.presence.grace ?? 0);
  }
}
