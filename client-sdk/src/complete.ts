import type { Message as WireMessage } from '@sluice/protocol';
import type { AnyMessage } from './subscriber.ts';

/** A message with what its push says for all. */
export function complete(message: WireMessage, channel: string, epoch: string): AnyMessage {
  return { ...message, channel, epoch } as AnyMessage;
}
