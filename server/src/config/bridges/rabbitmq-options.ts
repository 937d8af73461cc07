import { brokerUrl } from '../broker-url.ts';
import { option } from '../options/option.ts';
import { oneOf, text } from '../values.ts';
import { UNROUTABLE_OPTION } from './bridge-options.ts';
import type { BridgeSystem } from './bridge-system.ts';
import { decoded, serverOfUrl } from './server-of.ts';

const PORTS = { amqp: '5672', amqps: '5671' };

/** The virtual host of a URL. */
const vhostOf = (text: string): string => decoded(new URL(text.trim()).pathname.slice(1)) || '/';

/** RabbitMQ. */
export const RABBITMQ_SYSTEM = {
  title: 'RabbitMQ',
  connection: {
    url: option({
      schema: brokerUrl({ of: 'RabbitMQ', schemes: ['amqp', 'amqps'], example: 'amqp://host:5672', isHostless: true }),
      required: true,
      defaultText: 'required, or `urlEnv`',
      type: 'URL',
      description: 'The server and its virtual host: `amqp://user:password@host:5672/vhost`, or `amqps://…` for TLS.',
    }),
  },
  hasKeys: false,
  from: {
    queue: option({
      schema: text('the name of a queue'),
      defaultText: 'required, or `stream`',
      type: 'text',
      description: 'The queue to read, which must exist. No other program may consume it.',
    }),
    stream: option({
      schema: text('the name of a stream queue'),
      defaultText: 'required, or `queue`',
      type: 'text',
      description: 'The stream queue to read, which must exist. Others may read it too.',
    }),
    start: option({
      schema: oneOf(['oldest', 'newest']),
      defaultText: '`oldest`',
      type: '`oldest`, `newest`',
      description: 'Where the bridge begins in a stream that it has not read yet.',
    }),
    ids: option({
      schema: oneOf(['required', 'optional']),
      defaultText: '`required`',
      type: '`required`, `optional`',
      description:
        'Must each message of a queue have a `message_id`? Without it a message may appear twice, because nothing tells that it was delivered before. `required`: such a message is poison.',
    }),
  },
  fromFault: ({ queue, stream, start, ids }) => {
    if ((queue == null) === (stream == null)) return 'must have either "queue" or "stream"';
    if (stream == null && start != null) return 'has "start", which only a stream has. Remove it';
    return stream != null && ids != null ? 'has "ids", which only a queue needs. Remove it' : null;
  },
  reader: ({ url }, { queue }) =>
    queue === undefined
      ? undefined
      : {
          parts: [
            {
              name: `the queue "${queue}"`,
              id: [serverOfUrl(String(url), PORTS), vhostOf(String(url)), String(queue)],
            },
          ],
          remedy: 'Bind a queue for each of them to the exchange',
        },
  to: {
    exchange: option({
      schema: text('the name of an exchange'),
      defaultText: 'the default exchange, whose routing keys are queues',
      type: 'text',
      description: 'The exchange, which must exist.',
    }),
    routingKey: option({
      schema: text('a routing key like "{channel}"'),
      default: '{channel}',
      defaultText: '`{channel}`',
      type: 'template',
      description: 'The routing key. A message that no queue accepts is not confirmed.',
    }),
    unroutable: UNROUTABLE_OPTION,
  },
} satisfies BridgeSystem;
