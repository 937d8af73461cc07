/** The types that a contract gives an outbox. Types only: this file has no run-time code. */

import type { ChannelName, Channels, EventsOf, KnownName, PublishedOf } from '@sluice/protocol/contracts';
import type { OutboxChannel, OutboxPublishOptions, Outgoing, ReadableOutboxChannel } from './message-api.ts';

/** Publishes to a channel of any name, with the type that the caller specifies. */
export type AnyPublish = <T = unknown>(channel: string, data: T, options?: OutboxPublishOptions) => Outgoing<T>;

/** Returns a channel of any name, with the type that the caller specifies. */
export type AnyOutboxChannels = <T = unknown>(name: string) => OutboxChannel<T>;

/**
 * Publishes to a channel of the contract. The contract determines the type of `data`, by
 * `options.event` if set.
 */
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
  /** Like `OutboxChannel.publish`. The contract determines the type of `data`, by `options.event` if set. */
  readonly publish: <Event extends EventsOf<C, Name> = never>(
    data: PublishedOf<C, Name, Event>,
    options?: OutboxPublishOptions<Event>,
  ) => Outgoing<PublishedOf<C, Name, Event>>;
}

/** Returns a channel of the contract. */
export type ContractOutboxChannels<C extends Channels> = <const Name extends ChannelName<C>>(
  name: KnownName<C, Name>,
) => ContractOutboxChannel<C, Name>;
