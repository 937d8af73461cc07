import type { Message as WireMessage } from '@sluice/protocol';
import type { AnyMessage } from './subscriber.ts';

/** Adds the fields that a push has once for all messages. */
export function complete(message: WireMessage, channel: string, epoch: string): AnyMessage {
  return { ...message, channel, epoch } as AnyMessage;
}
