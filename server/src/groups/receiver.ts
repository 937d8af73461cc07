import type { Delivery, GroupGap } from '../engine/groups.ts';

/** Deliveries of one claim for one receiver. */
export interface Batch {
  /** Of the log. */
  readonly epoch: string;
  /** When the deliveries expire: milliseconds since the Unix epoch. */
  readonly deadline: number;
  /** The same by the monotonic clock. */
  readonly expires: number;
  readonly deliveries: readonly Delivery[];
  /** Absent: none. Only for a receiver that gets one batch. */
  readonly gaps?: readonly GroupGap[];
}

/** What a dispatcher gives deliveries to: a connection, an HTTP request, or a function of the program. */
export interface Receiver {
  /** How many deliveries it can take now. */
  readonly room: number;
  /** The fence that it has set for the group, whose only receiver it is. */
  readonly fence?: string;
  /** Another fence was set since then: it receives nothing more. */
  fenced?(): void;
  /** A claim was not answered. Perhaps it was executed: then its deliveries expire. */
  claimFailed?(): void;
  receive(batch: Batch): void;
  /** A claim has ended, whether it brought something for this receiver or not. */
  claimEnded?(): void;
  /**
   * The log lost messages that the group had not settled; one receiver is notified, before the
   * deliveries of the claim. It confirms the gap to its dispatcher as soon as whoever is behind it has
   * received it. If it goes without that, another receiver is notified.
   */
  gap(gap: GroupGap): void;
  /** Forgets deliveries that have expired, which makes room. */
  expire(now: number): void;
  /** When its first delivery expires, by the monotonic clock; Infinity: it has none. */
  readonly nextExpiry: number;
  /** The configuration no longer has the group. */
  groupRemoved(): void;
  /** The gateway stops. */
  gatewayStops(): void;
}
