import { brokerUrl } from '../broker-url.ts';
import { option } from '../options/option.ts';
import { oneOf, text } from '../values.ts';
import type { BridgeSystem } from './bridge-system.ts';
import { serverOfUrl } from './server-of.ts';

const PORTS = { amqp: '5672', amqps: '5671' };

/** A queue whose address has its name needs none: `orders::orders` is `orders`. */
const bareQueue = (queue: string): string => queue.replace(/^(.+)::\1$/, '$1');

/** ActiveMQ, Artemis and Classic. */
export const ACTIVEMQ_SYSTEM = {
  title: 'ActiveMQ',
  connection: {
    url: option({
      schema: brokerUrl({ of: 'ActiveMQ by AMQP', schemes: ['amqp', 'amqps'], example: 'amqp://host:5672' }),
      required: true,
      defaultText: 'required, or `urlEnv`',
      type: 'URL',
      description: 'The broker, by AMQP 1.0: `amqp://user:password@host:5672`, or `amqps://…` for TLS.',
    }),
  },
  hasKeys: true,
  from: {
    queue: option({
      schema: text('the name of a queue'),
      required: true,
      defaultText: 'required',
      type: 'text',
      description: 'The queue to read. With Artemis also `address::queue`. No other program may consume it.',
    }),
    ids: option({
      schema: oneOf(['required', 'optional']),
      default: 'required',
      defaultText: '`required`',
      type: '`required`, `optional`',
      description:
        'Must each message have a message id? Without it a message may appear twice, because nothing tells that it was delivered before. `required`: such a message is poison.',
    }),
  },
  reader: ({ url }, { queue }) => ({
    parts: [{ name: `the queue "${queue}"`, id: [serverOfUrl(String(url), PORTS), bareQueue(String(queue))] }],
    remedy: 'Give each of them a queue of its own on a topic',
  }),
  to: {
    address: option({
      schema: text('the name of a queue or a topic'),
      required: true,
      defaultText: 'required',
      type: 'text',
      description: 'The queue or the topic.',
    }),
    type: option({
      schema: oneOf(['queue', 'topic']),
      default: 'queue',
      defaultText: '`queue`',
      type: '`queue`, `topic`',
      description: 'What the address is. A topic keeps nothing for consumers that have no subscription yet.',
    }),
    group: option({
      schema: text('a message group like "{channel}"'),
      default: '{channel}',
      defaultText: '`{channel}`',
      type: 'template',
      description: 'The message group (`JMSXGroupID`): the broker gives all messages of one to the same consumer.',
    }),
  },
} satisfies BridgeSystem;
