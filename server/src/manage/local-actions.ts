import { matchPattern, parsePattern } from '@sluice/protocol';
import type { Authority } from '../channels/authorize.ts';
import type { Standing } from '../channels/standing.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { Refusal } from '../refusal.ts';
import type { BackendSubscription } from '../session/backend-outcome.ts';
import type { FairScheduler } from '../session/fair-scheduler.ts';
import { PermissionReview } from '../session/permission-review.ts';
import type { Registered, Registry } from '../session/registry.ts';

export interface LocalActionsParts extends Authority {
  readonly cluster: Cluster;
  readonly registry: Registry;
  readonly scheduler: FairScheduler;
  readonly hooks: Hooks;
}

/** On whose connections something is done. */
export interface Target {
  readonly user: string;
  /** Not on these connections. */
  readonly except?: readonly string[];
  /** Only on connections that hold something on these channels, and only there. */
  readonly pattern?: string;
}

/** How connections are closed. */
export interface Closing {
  /** A sentence for the client. */
  readonly reason?: string;
  /** Should the client reconnect? */
  readonly reconnect?: boolean;
}

/** What a user's connections are subscribed to, and from where. */
export type Subscribing = Omit<Target, 'pattern'> & BackendSubscription;

/** How many connections were affected on one node. */
export interface Affected {
  readonly connections: number;
  /** Subscriptions, memberships and other things that have ended. */
  readonly ended?: number;
  /** Connections that cannot be subscribed. */
  readonly refused?: number;
}

/** Changes what this node's connections hold, for whichever node asks for it. */
export class LocalActions {
  readonly #parts: LocalActionsParts;

  constructor(parts: LocalActionsParts) {
    this.#parts = parts;
    const { cluster } = parts;
    cluster.answer('disconnect', (action) => this.#disconnect(action as unknown as Target & Closing));
    cluster.answer('close', (action) => this.#close(action as unknown as Closing & { readonly connection: string }));
    cluster.answer('subscribe', (wish) => this.#subscribe(wish as unknown as Subscribing));
    cluster.answer('unsubscribe', (target) => this.#unsubscribe(target as unknown as Target & Closing));
    cluster.answer('recheck', (target) => this.#recheck(target as unknown as Target & Closing));
  }

  #disconnect({ reason, reconnect, ...target }: Target & Closing): Affected {
    const sessions = this.#sessionsOf(target);
    for (const session of sessions) close(session, { ...(reason && { reason }), ...(reconnect && { reconnect }) });
    return { connections: sessions.length };
  }

  #close({ connection, ...closing }: Closing & { readonly connection: string }): Affected {
    const session = this.#parts.registry.get(connection);
    if (session === undefined || session.state === 'closed') return { connections: 0 };
    close(session, closing);
    return { connections: 1 };
  }

  async #subscribe({ user, except, ...wish }: Subscribing): Promise<Affected> {
    const sessions = this.#sessionsOf({ user, ...(except && { except }) });
    const outcomes = await Promise.all(sessions.map((session) => session.subscribe(wish)));
    const refused = outcomes.filter((outcome) => outcome instanceof Refusal).length;
    const connections = outcomes.filter((outcome) => outcome === 'subscribed').length;
    return refused === 0 ? { connections } : { connections, refused };
  }

  #unsubscribe(target: Target & Closing): Affected {
    const sessions = this.#sessionsOf(target);
    const held = heldBy(sessions, target);
    const { user, except = [] } = target;
    for (const session of this.#parts.registry.users.all(user)) {
      // Also one that is still opening, or whose commands wait for an answer.
      if (!except.includes(session.connection.id)) session.withdraw(matcherOf(target));
    }
    for (const { session, standing } of held) void session.end(standing, 'removed', target.reason);
    return { connections: new Set(held.map(({ session }) => session)).size, ended: held.length };
  }

  async #recheck(target: Target & Closing): Promise<Affected> {
    const sessions = this.#sessionsOf(target);
    const only = matcherOf(target);
    let ended = 0;
    const onEnd = (standing: Standing): void => {
      if (isLasting(standing)) ended++;
    };
    const about = { only, message: target.reason, onEnd };
    const isAll = target.pattern === undefined;
    // Also if the user has no connection here: the next one must not be decided by what is remembered.
    this.#parts.hooks.forget(target.user, (channel) => (channel === undefined ? isAll : only(channel)));
    await PermissionReview.ofHooks(sessions, this.#parts, about).run();
    return { connections: sessions.length, ended };
  }

  #sessionsOf(target: Target): readonly Registered[] {
    const { user, except = [], pattern } = target;
    const sessions = this.#parts.registry.users
      .all(user)
      .filter(({ state, connection }) => state === 'connected' && !except.includes(connection.id));
    return pattern === undefined ? sessions : sessions.filter((session) => heldBy([session], target).length > 0);
  }
}

function close(session: Registered, { reason, reconnect = false }: Closing): void {
  session.close(reconnect ? 'reconnect_requested' : 'disconnected', reason);
}

interface Held {
  readonly session: Registered;
  readonly standing: Standing;
}

const isLasting = ({ verb }: Standing): boolean => verb !== 'request';

/** What the sessions hold on the target's channels, except their open requests, which are no lasting state. */
function heldBy(sessions: readonly Registered[], target: Target): readonly Held[] {
  const matches = matcherOf(target);
  return sessions.flatMap((session) =>
    [...session.standings]
      .filter((standing) => !standing.ended && isLasting(standing) && matches(standing.channelName))
      .map((standing) => ({ session, standing })),
  );
}

function matcherOf({ pattern }: Target): (channel: string) => boolean {
  if (pattern === undefined) return () => true;
  const parsed = parsePattern(pattern);
  // Who follows a bound channel by a pattern has a pattern where others have a name.
  return (channel) => channel === pattern || matchPattern(parsed, channel) !== null;
}
