import type { Tags } from '@sluice/protocol';
import type { ContractTypes } from '@sluice/protocol/contracts';

/** A channel on which messages can be scheduled: any channel of a client. With a contract it carries the types. */
export interface ScheduleChannel<Types extends ContractTypes = ContractTypes> {
  readonly name: string;
  readonly '~types'?: Types;
}

/** The events that a contract lists; without a list, any. */
export type ScheduledEvent<Types extends ContractTypes> = unknown extends Types['eventsIn']
  ? string
  : Types['eventsIn'] extends undefined
    ? string
    : keyof Types['eventsIn'] & string;

/** When a message is published: exactly one of the two. */
export type DueTime =
  | {
      /** Milliseconds from now, by the gateway's clock. */
      readonly delay: number;
      readonly at?: never;
    }
  | {
      /** A date, or milliseconds since the Unix epoch: the gateway's clock decides when it is due. */
      readonly at: number | Date;
      readonly delay?: never;
    };

/** Fields of the message, and how long to try. */
export interface MessageOptions<Event extends string = string> {
  /** The kind of message, defined by the application. */
  readonly event?: Event;
  /** Flat labels. */
  readonly tags?: Tags;
  /** Milliseconds after its publication in which the message expires. Default: that of the channel's rule, or never. */
  readonly ttl?: number;
  /** Within an hour, messages with the same key are scheduled once. Default: a random key per call. */
  readonly key?: string;
  /** Gives up when it aborts. A message that was already sent may still be scheduled. */
  readonly signal?: AbortSignal;
  /** Milliseconds until it gives up; `Infinity`: never. Default: the client's `timeout`. */
  readonly timeout?: number;
}

/** Options of `schedule`. */
export type ScheduleOptions<Event extends string = string> = MessageOptions<Event> & DueTime;

/** A message that waits at the gateway. */
export interface ScheduledMessage {
  /** For `unschedule`. The published message has an id of its own. */
  readonly id: string;
  /** When it is published: milliseconds since the Unix epoch. */
  readonly at: number;
}
