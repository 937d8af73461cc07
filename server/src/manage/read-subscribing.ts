import { channelNameFault, parseCommand, type StartingPoint } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import type { BackendSubscription } from '../session/backend-outcome.ts';

/**
 * Reads what a user is subscribed to. The starting point is that of the command `subscribe`, SPEC.md
 * section 4.3; unlike there, the channel cannot be a pattern.
 */
export function readSubscribing(fields: StartingPoint & { readonly channel: unknown }): BackendSubscription | Refusal {
  const { channel, rewind, since, position } = fields;
  if (typeof channel !== 'string') return new Refusal('command_invalid', '"channel" must be a string');
  const fault = channelNameFault(channel);
  if (fault !== null) return new Refusal('channel_invalid', fault);
  const start = Object.fromEntries(
    Object.entries({ rewind, since, position }).filter(([, value]) => value !== undefined),
  );
  const parsed = parseCommand({ type: 'subscribe', id: 1, channel, ...start });
  return 'fault' in parsed ? new Refusal(parsed.fault.error, parsed.fault.detail) : { channel, ...start };
}
