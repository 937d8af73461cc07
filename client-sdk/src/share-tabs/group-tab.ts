import type { ConnectResult, ErrorBody, SubscribeCommand } from '@sluice/protocol';
import type { SluiceError } from '../errors.ts';
import type { Outbound } from './outbound.ts';
import type { TabPresence } from './tab-presence.ts';
import type { TabSubscription } from './tab-subscription.ts';
import type { TokenHolder } from './token-broker.ts';

/** A tab as its group sees it. */
export interface GroupTab extends Outbound, TokenHolder {
  /** By `subscriptionKey`. */
  readonly subscriptions: Map<string, TabSubscription>;
  /** By the name of the channel. */
  readonly presences: Map<string, TabPresence>;
  /** The token that the tab sent last. */
  readonly token: string | undefined;
  readonly connected: boolean;
  /** The subscriptions that wait for the connection. */
  readonly queued: readonly SubscribeCommand[];
  /** The upstream connection is open. */
  greet(result: ConnectResult): void;
  /**
   * The upstream connection is lost or was refused.
   *
   * @param retryIn milliseconds; `undefined` if there is no next attempt
   */
  lose(error: SluiceError, retryIn?: number): void;
  /** Makes the tab reconnect immediately, because it now belongs to another group. */
  reassign(reason: string): void;
  /** An error that answers no command. */
  report(error: ErrorBody): void;
  close(code: number, reason: string): void;
}

/** Tells the subscriptions of a tab apart. A channel name contains no space. */
export function subscriptionKey({ channel, sub }: Pick<SubscribeCommand, 'channel' | 'sub'>): string {
  return sub === undefined ? channel : `${channel} ${sub}`;
}
