import type { StartingPoint } from '@sluice/protocol';
import type { Refusal } from '../refusal.ts';

/** What the backend subscribes a connection to, and from where. */
export interface BackendSubscription extends StartingPoint {
  readonly channel: string;
}

/** `held`: the client has subscribed itself, or the connection cannot have further subscriptions. */
export type BackendOutcome = 'subscribed' | 'held' | Refusal;
