import { channelNameFault } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';
import type { WhyQuery } from './why.ts';

/** What is wrong with a question about a message; `null`: nothing. */
export function refuseWhyQuery({ user, connection, message, channel, offset }: WhyQuery): Refusal | null {
  const wrong = (detail: string): Refusal => new Refusal('command_invalid', detail);
  if ((user === undefined) === (connection === undefined)) return wrong('give "user" or "connection", and not both');
  if (message === undefined && (channel === undefined || offset === undefined)) {
    return wrong('give "message", the id of the message, or "channel" and "offset"');
  }
  const fault = channel === undefined ? null : channelNameFault(channel);
  return fault === null ? null : new Refusal('channel_invalid', fault);
}
