/**
 * The typed browser client of the Sluice gateway.
 *
 * @packageDocumentation
 */

export type {
  Codec,
  ExpectedHead,
  Filter,
  GapReason,
  Issue,
  Position,
  PublishResult,
  ResponderError,
  Tags,
  TagTest,
} from '@sluice/protocol';
export type {
  ChannelContract,
  ChannelName,
  ChannelParams,
  Channels,
  EventsOf,
  KnownName,
  PublishedOf,
  RequestTypesOf,
  StateOf,
  TypesOf,
} from '@sluice/protocol/contracts';
export type { Client, ClientEvents, ClientOptions } from './api.ts';
export type {
  Ago,
  Channel,
  EventOf,
  Gap,
  HistoryOptions,
  HistoryPage,
  Message,
  MessageFilter,
  MessagesOptions,
  PublishOptions,
  ReadableChannel,
  Start,
  SubscribeOptions,
  Subscription,
  SubscriptionState,
} from './channel-api.ts';
export { createClient } from './client.ts';
export type { ClientState, StateChange } from './client-state.ts';
export type {
  ChannelOf,
  ContractChannel,
  ContractMessage,
  EventMessage,
  MessageOf,
  PlainMessage,
} from './contract-channel.ts';
export type { ListenOptions } from './emitter.ts';
export { isSluiceError, SluiceError, type SluiceErrorName } from './errors.ts';
export type {
  Member,
  Members,
  MembersPage,
  MembersPageOptions,
  Presence,
  PresenceListener,
} from './presence-api.ts';
export type { WebSocketConstructor, WebSocketLike } from './socket.ts';
export type { Token, TokenAnswer, TokenFunction, TokenReason } from './token.ts';
