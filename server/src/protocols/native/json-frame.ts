import type { PublishResult, Reply, ServerMessage } from '@sluice/protocol';
import { escapeText } from '../../util/json-text.ts';

/**
 * Writes messages for one client as JSON: one message as itself, several as an array. SPEC.md
 * section 2.
 */
export function writeFrame(messages: readonly ServerMessage[]): string {
  let frame = '';
  for (const message of messages) frame += frame === '' ? write(message) : `,${write(message)}`;
  return messages.length === 1 ? frame : `[${frame}]`;
}

/** Every publish is answered, and writing the answer by hand takes a fifth of the time. */
function write(message: ServerMessage): string {
  return message.type === 'reply' && isOfPublish(message.result)
    ? writePublished(message.id, message.result)
    : JSON.stringify(message);
}

/** No other answer has an id and an offset. */
const isOfPublish = (result: Reply['result']): result is PublishResult => 'id' in result && 'offset' in result;

const writePublished = (id: number, { id: message, epoch, offset }: PublishResult): string =>
  `{"type":"reply","id":${id},"result":{"id":"${escapeText(message)}","epoch":"${escapeText(epoch)}","offset":${offset}}}`;
