/** What a contract makes of a channel: types only, nothing of it is there at run time. */

import type { PublishResult } from '@sluice/protocol';
import type {
  ChannelName,
  Channels,
  ContractFor,
  ContractTypes,
  DataIn,
  KnownName,
  TypesOf,
} from '@sluice/protocol/contracts';
import type { Channel, Message, PublishOptions, ReadableChannel } from './api.ts';

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

/** The messages that a contract lets through; where it lists events, told apart by `event`. */
export type ContractMessage<Types extends ContractTypes> = Types['eventsOut'] extends undefined
  ? Message<Types['messageOut']>
  :
      | ([Types['messageOut']] extends [never] ? never : PlainMessage<Types['messageOut']>)
      | EventMessages<Types['eventsOut']>;

/** Publishes where any event will do. */
type PublishAny<T> = (data: T, options?: PublishOptions) => Promise<PublishResult>;

/** Publishes with an event of the contract, or without one. */
type PublishListed<Types extends ContractTypes, Events extends string> = <Event extends Events = never>(
  data: DataIn<Types, Event>,
  options?: PublishOptions<Event>,
) => Promise<PublishResult>;

/** Publishes where the contract knows no message without an event. */
type PublishEvent<Types extends ContractTypes, Events extends string> = <Event extends Events>(
  data: DataIn<Types, Event>,
  options: PublishOptions<Event> & { readonly event: Event },
) => Promise<PublishResult>;

type Publish<Types extends ContractTypes> = Types['eventsIn'] extends undefined
  ? PublishAny<Types['messageIn']>
  : [Types['messageIn']] extends [never]
    ? PublishEvent<Types, keyof Types['eventsIn'] & string>
    : PublishListed<Types, keyof Types['eventsIn'] & string>;

/** A channel with the types of its contract: what it takes may be another type than what it gives. */
export interface ContractChannel<Types extends ContractTypes>
  extends ReadableChannel<ContractMessage<Types>, Types['stateOut'], Types['stateIn']> {
  /** As `Channel.publish`; the type of `data` is that of the contract, for the event in `options` if there is one. */
  readonly publish: Publish<Types>;
}

/** The channel of this name, with the types of its contract; without contracts one of unknown data. */
export type ChannelOf<C extends Channels, Name extends string> = string extends keyof C
  ? Channel
  : ContractChannel<TypesOf<ContractFor<C, Name>>>;

/** The messages received on a channel, by its name or its pattern: `MessageOf<typeof channels, 'chat:{room}'>`. */
export type MessageOf<C extends Channels, Name extends string> = ContractMessage<TypesOf<ContractFor<C, Name>>>;

/** Gives the channels that a contract knows. */
export type ContractChannels<C extends Channels> = <const Name extends ChannelName<C>>(
  name: KnownName<C, Name>,
) => ChannelOf<C, Name>;
