/**
 * Stores that frameworks bind to: lists of messages, presence and the connection as values that never change in place.
 * `@sluice/client/react` and `@sluice/client/svelte` are made of them.
 *
 * @packageDocumentation
 */
export { type ConnectionSnapshot, connectionStore } from './connection-store.ts';
export type { Entry } from './entry.ts';
export type { MessageHandlers, MessagesSnapshot } from './message-list.ts';
export { type MessageStore, type MessageStoreOptions, messageStore } from './message-store.ts';
export {
  type OwnStateOf,
  type PresenceHandlers,
  type PresenceSnapshot,
  type PresenceStore,
  presenceStore,
} from './presence-store.ts';
export type { AnyClient, OptionalName, Store } from './store.ts';
