'use client';

/**
 * React hooks for the Sluice gateway, for React 18 and newer.
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
export {
  createHooks,
  type Hooks,
  type TypedUseChannel,
  type TypedUseClient,
  type TypedUseMessages,
  type TypedUsePresence,
  type TypedUsePublish,
} from './create-hooks.ts';
export { SluiceProvider, type SluiceProviderProps, useClient } from './provider.ts';
export { useChannel, usePublish } from './use-channel.ts';
export { useConnection } from './use-connection.ts';
export { type UseMessages, type UseMessagesOptions, useMessages } from './use-messages.ts';
export { type UsePresence, type UsePresenceOptions, usePresence } from './use-presence.ts';
