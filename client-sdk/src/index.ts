/**
 * The typed browser client of the Sluice gateway.
 *
 * @packageDocumentation
 */
export type {
  Codec,
  GapReason,
  Position,
  PublishResult,
  Tags,
} from '@sluice/protocol';
export type {
  Channel,
  Client,
  ClientEvents,
  ClientOptions,
  Gap,
  HistoryOptions,
  HistoryPage,
  Message,
  MessagesOptions,
  PublishOptions,
  Start,
  SubscribeOptions,
  Subscription,
  SubscriptionState,
} from './api.ts';
export { createClient } from './client.ts';
export type { ClientState, StateChange } from './connection.ts';
export { SluiceError, type SluiceErrorName } from './errors.ts';
export type {
  Member,
  Members,
  MembersPage,
  MembersPageOptions,
  Presence,
  PresenceListener,
} from './presence-api.ts';
export type { WebSocketConstructor, WebSocketLike } from './socket.ts';
export type { Token, TokenFunction, TokenReason } from './token.ts';
