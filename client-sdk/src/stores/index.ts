/**
 * Framework-independent stores with immutable snapshots: message lists, presence and the
 * connection. `@sluice/client/react` and `@sluice/client/svelte` are built on them.
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
