/** What is observed: all connections of a user, or a channel. */
export type TapTarget = { readonly user: string } | { readonly channel: string };

/** A tap, as all nodes know it. */
export interface TapQuestion {
  readonly id: string;
  readonly target: TapTarget;
  /** Include the data of commands and messages. */
  readonly payloads: boolean;
  /** Who taps, for the log. */
  readonly by: string;
  /** The tap is over. */
  readonly end?: boolean;
}

export const describeTarget = (target: TapTarget): string =>
  'user' in target ? `user ${target.user}` : `channel ${target.channel}`;
