import type { Message } from '../channel-api.ts';
import type { ResourceKind } from '../channel-host.ts';
import { checkRequired, checkValues, FUNCTION, TEXT, type ValueCheck } from '../check-values.ts';
import { ALREADY_CONSUMING } from '../codes.ts';
import { hostOf } from '../entry-host.ts';
import { startWork } from '../work-resource.ts';
import type { ConsumeOptions, Consumer, Delivery, QueueChannel } from './api.ts';
import { ConsumerResource, type Handler } from './consumer.ts';

const PREFETCH: ValueCheck = [
  'a whole number from 1 to 1000',
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1000,
];

/**
 * Consumes the messages of a queue or a consumer group. Each message is delivered to one consumer of
 * the group. The client acknowledges it when the handler's promise resolves, and extends its time
 * while the handler runs. If the handler throws, the message is delivered again after the backoff of
 * the group; `NackError` chooses otherwise.
 *
 * @throws SluiceError `already_consuming` if this client consumes the group already
 *
 * @example
 * import { consume } from '@sluice/client/queues';
 *
 * const consumer = consume(
 *   client.channel<{ to: string; text: string }>('jobs:mail'),
 *   async ({ message }) => handle(message.data),
 *   { prefetch: 10 },
 * );
 * await consumer.ready;
 */
export function consume<M extends Message>(
  channel: QueueChannel<M>,
  handler: (delivery: Delivery<M>) => unknown,
  options: ConsumeOptions<M> = {},
): Consumer {
  const { group, signal } = options;
  checkRequired('handler', handler, FUNCTION);
  checkValues(
    { ...options, signal: undefined },
    { group: TEXT, prefetch: PREFETCH, onGap: FUNCTION, onError: FUNCTION },
  );
  const host = hostOf(channel);
  const resource = host.resource(ConsumerResource as ResourceKind<ConsumerResource>, channel, group);
  if (resource.isTaken) {
    throw host.refusal(
      ALREADY_CONSUMING,
      'already_consuming',
      `${channel.name}: this client consumes the group already.`,
    );
  }
  const given = { handler: handler as unknown as Handler, options: options as unknown as ConsumeOptions };
  return startWork(host, resource, { ...given, signal });
}
