/** What a contract makes of an outbox: types only, nothing of it is there at run time. */

import type { ChannelName, Channels, EventsOf, KnownName, PublishedOf } from '@sluice/protocol/contracts';
import type { OutboxChannel, OutboxPublishOptions, Outgoing, ReadableOutboxChannel } from './api.ts';

/** Publishes to a channel of any name, with the type that the caller says. */
export type AnyPublish = <T = unknown>(channel: string, data: T, options?: OutboxPublishOptions) => Outgoing<T>;

/** Gives a channel of any name, with the type that the caller says. */
export type AnyOutboxChannels = <T = unknown>(name: string) => OutboxChannel<T>;

/** Publishes to the channels of a contract; the type of `data` is the contract's, for the event in `options` if there is one. */
export type ContractPublish<C extends Channels> = <
  const Name extends ChannelName<C>,
  Event extends EventsOf<C, Name> = never,
>(
  channel: KnownName<C, Name>,
  data: PublishedOf<C, Name, Event>,
  options?: OutboxPublishOptions<Event>,
) => Outgoing<PublishedOf<C, Name, Event>>;

/** Everything that may be published on a channel, with or without an event. */
type Anything<C extends Channels, Name extends string> = PublishedOf<C, Name> | PublishedOf<C, Name, EventsOf<C, Name>>;

/** A channel's messages in the outbox, with the types of its contract. */
export interface ContractOutboxChannel<C extends Channels, Name extends string>
  extends ReadableOutboxChannel<Anything<C, Name>> {
  /** As `OutboxChannel.publish`; the type of `data` is that of the contract, for the event in `options` if there is one. */
  readonly publish: <Event extends EventsOf<C, Name> = never>(
    data: PublishedOf<C, Name, Event>,
    options?: OutboxPublishOptions<Event>,
  ) => Outgoing<PublishedOf<C, Name, Event>>;
}

/** Gives the channels that a contract knows. */
export type ContractOutboxChannels<C extends Channels> = <const Name extends ChannelName<C>>(
  name: KnownName<C, Name>,
) => ContractOutboxChannel<C, Name>;
