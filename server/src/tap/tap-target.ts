import type { TapCall } from './tap-stream.ts';

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
  /** Take what was recorded, take it for the last time, or only go on recording. */
  readonly call: TapCall;
}

export const describeTarget = (target: TapTarget): string =>
  'user' in target ? `user ${target.user}` : `channel ${target.channel}`;
