/**
 * Channel contracts, as in `@sluice/client/contracts`, for programs that use only the gateway.
 *
 * @packageDocumentation
 */
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
  type RuleOptions,
  type Schema,
  type StateOf,
  type Verb,
} from '@sluice/protocol/contracts';
