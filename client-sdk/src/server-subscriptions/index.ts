/**
 * Subscriptions that the backend opens for a user.
 *
 * @packageDocumentation
 */
export type { ServerSubscription, ServerSubscriptionOptions } from './api.ts';
export { onServerSubscription } from './on-server-subscription.ts';
