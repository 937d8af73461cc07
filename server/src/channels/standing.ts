import type { Conditions } from '@sluice/protocol';
import type { Identity, Verb } from '../auth/identity.ts';
import type { RuleMatch } from './rules.ts';

/**
 * Why something ends: the client `asked` for it, the client lost the `permission`, the backend had it `removed`, or the connection has `closed`.
 */
export type EndReason = 'asked' | 'permission' | 'removed' | 'closed';

/** Why the gateway ended something, as the client learns it. */
export interface GatewayEnding {
  readonly reason: 'permission' | 'removed';
  readonly message?: string;
}

/** The fields of the push; `null` if the gateway did not end it, so that the client need not be notified. */
export function gatewayEnding(reason: EndReason, message: string | undefined): GatewayEnding | null {
  if (reason !== 'permission' && reason !== 'removed') return null;
  return message === undefined ? { reason } : { reason, message };
}

/**
 * What a connection holds until it ends: a subscription, a presence subscription, a membership.
 *
 * Sessions, permission reviews and the hub know only this. A new kind is a class that implements
 * it, and a command that begins one.
 */
export interface Standing {
  readonly kind: Kind;
  /** Unique per kind on one connection. */
  readonly key: string;
  readonly channelName: string;
  /** The verb that the connection must be allowed on the channel until this ends. */
  readonly verb: Verb;
  readonly ended: boolean;
  /**
   * The transport refused something for the connection in this turn, so whatever was fanned out to
   * it may be missing. Called at the end of the turn.
   *
   * @returns whether it continues from a log
   */
  overflowed(): boolean;
  /** The connection has room again. */
  drained(): void;
  /**
   * Its verb is still allowed, under a new token or new rules: it adapts to them.
   *
   * @param forced the conditions of a hook; absent: those that it had
   * @returns whether it can go on
   */
  reviewed?(match: RuleMatch, identity: Identity, forced?: Conditions): boolean;
  /** The connection has a new token, which still allows this. */
  refreshed?(before: Identity): void;
  /**
   * Ends it, and notifies the client unless the client asked. The holder has removed it already.
   *
   * @param message for the client: why, in a sentence
   * @returns a promise if the client asked and an engine has to confirm
   */
  end(reason: EndReason, message?: string): void | Promise<void>;
}

/** A kind of standing thing, compared by identity. */
export interface Kind<S extends Standing = Standing> {
  readonly name: string;
  /** Only for the compiler: what is of this kind. */
  readonly of?: S;
}
