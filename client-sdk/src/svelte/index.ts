/**
 * Svelte 5 bindings: message lists, presence and the connection with reactive properties.
 *
 * @packageDocumentation
 */
export type {
  AnyClient,
  ConnectionSnapshot,
  Entry,
  MessageHandlers,
  MessageStoreOptions,
  MessagesSnapshot,
  OptionalName,
  PresenceHandlers,
  PresenceSnapshot,
} from '../stores/index.ts';
export { getClient, setClient } from './context.ts';
export type { ChannelSource } from './live.ts';
export { liveConnection } from './live-connection.ts';
export { type LiveMessages, type LiveMessagesOptions, liveMessages } from './live-messages.ts';
export { type LivePresence, livePresence } from './live-presence.ts';
