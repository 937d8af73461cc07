import type { Message } from '@google-cloud/pubsub';
import type { SourceRecord } from '../source.ts';

/** Makes a record of a message of a subscription. */
export function recordOf(
  { id, attributes, orderingKey = '', data }: Pick<Message, 'id' | 'attributes' | 'orderingKey' | 'data'>,
  subscription: string,
): SourceRecord {
  return {
    once: { id },
    ...{ topic: subscription, subject: subscription, headers: attributes, body: data },
    key: orderingKey === '' ? undefined : orderingKey,
  };
}
