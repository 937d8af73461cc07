/** The types that a contract gives a channel. Types only: this file has no run-time code. */

import type { PublishResult } from '@sluice/protocol';
import type {
  ChannelName,
  Channels,
  ContractFor,
  ContractTypes,
  DataIn,
  KnownName,
  RequestTypesOf,
  TypesOf,
} from '@sluice/protocol/contracts';
import type { Channel, Message, PublishOptions, ReadableChannel } from './channel-api.ts';

/** A message without an event, on a channel whose contract lists events. */
export interface PlainMessage<T = unknown> extends Message<T> {
  readonly event?: never;
}

/** A message with an event that the channel's contract lists. */
export interface EventMessage<T = unknown, Event extends string = string> extends Message<T> {
  readonly event: Event;
}

type EventMessages<Events> = {
  [Event in keyof Events & string]: EventMessage<Events[Event], Event>;
}[keyof Events & string];

/** The messages that a contract allows; if it lists events, a union by `event`. */
export type ContractMessage<Types extends ContractTypes> = Types['eventsOut'] extends undefined
  ? Message<Types['messageOut']>
  :
      | ([Types['messageOut']] extends [never] ? never : PlainMessage<Types['messageOut']>)
      | EventMessages<Types['eventsOut']>;

/** `publish` of a contract that allows any event. */
type PublishAny<T> = (data: T, options?: PublishOptions) => Promise<PublishResult>;

/** `publish` of a contract that lists events and allows messages without one. */
type PublishListed<Types extends ContractTypes, Events extends string> = <Event extends Events = never>(
  data: DataIn<Types, Event>,
  options?: PublishOptions<Event>,
) => Promise<PublishResult>;

/** `publish` of a contract that requires an event. */
type PublishEvent<Types extends ContractTypes, Events extends string> = <Event extends Events>(
  data: DataIn<Types, Event>,
  options: PublishOptions<Event> & { readonly event: Event },
) => Promise<PublishResult>;

type Publish<Types extends ContractTypes> = Types['eventsIn'] extends undefined
  ? PublishAny<Types['messageIn']>
  : [Types['messageIn']] extends [never]
    ? PublishEvent<Types, keyof Types['eventsIn'] & string>
    : PublishListed<Types, keyof Types['eventsIn'] & string>;

/**
 * Carries the types of a channel's requests to `@sluice/client/requests`. The property exists for the
 * compiler only.
 */
export interface Requestable<Requests> {
  readonly '~requests'?: Requests;
}

/** Carries the types of a channel's messages to `@sluice/client/schedules`, for the compiler only. */
export interface Schedulable<Types> {
  readonly '~types'?: Types;
}

/** A channel with the types of its contract. Schemas may convert data: published and received types may differ. */
export interface ContractChannel<Types extends ContractTypes, Requests = unknown>
  extends ReadableChannel<ContractMessage<Types>, Types['stateOut'], Types['stateIn']>,
    Requestable<Requests>,
    Schedulable<Types> {
  /** Like `Channel.publish`. The contract determines the type of `data`, by `options.event` if set. */
  readonly publish: Publish<Types>;
}

/** The channel of this name, with the types of its contract; without contracts, its data is `unknown`. */
export type ChannelOf<C extends Channels, Name extends string> = string extends keyof C
  ? Channel
  : ContractChannel<TypesOf<ContractFor<C, Name>>, RequestTypesOf<ContractFor<C, Name>>>;

/** The messages received on a channel, by its name or its pattern: `MessageOf<typeof channels, 'chat:{room}'>`. */
export type MessageOf<C extends Channels, Name extends string> = ContractMessage<TypesOf<ContractFor<C, Name>>>;

/** Returns a channel of the contract. */
export type ContractChannels<C extends Channels> = <const Name extends ChannelName<C>>(
  name: KnownName<C, Name>,
) => ChannelOf<C, Name>;
