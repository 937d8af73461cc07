/**
 * Channel contracts: the types of each channel's messages, defined once for gateway and clients.
 *
 * @packageDocumentation
 */
export { segment } from '@sluice/protocol';
export {
  type ChannelContract,
  type ChannelName,
  type ChannelParams,
  type Channels,
  defineChannels,
  type EventsOf,
  type GrantContext,
  type GrantFunction,
  type GrantInput,
  type KnownName,
  type PublishedOf,
  type RequestsOf,
  type RequestTypesOf,
  type RuleOptions,
  type Schema,
  type StateOf,
  type TypesOf,
  type Verb,
} from '@sluice/protocol/contracts';
export type {
  ChannelOf,
  ContractChannel,
  ContractMessage,
  EventMessage,
  MessageOf,
  PlainMessage,
} from './contract-channel.ts';
