import { channelNameFault } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
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

/** Reads what to observe: exactly one of both. */
export function readTapTarget(user: string | null, channel: string | null): TapTarget | Refusal {
  if ((user === null) === (channel === null) || user === '') {
    return new Refusal('command_invalid', 'give "user" or "channel", and not both');
  }
  if (channel === null) return { user: user ?? '' };
  const fault = channelNameFault(channel);
  return fault === null ? { channel } : new Refusal('channel_invalid', fault);
}

export const describeTarget = (target: TapTarget): string =>
  'user' in target ? `user ${target.user}` : `channel ${target.channel}`;
