import { parseUrl } from '../../util/parse-url.ts';
import { option } from '../options/option.ts';
import { duration, HOUR, oneOf, SECOND, text, whole } from '../values.ts';
import type { BridgeSystem } from './bridge-system.ts';
import { faultOfPairs, type Pairs } from './pairs.ts';
import { queueOf } from './sqs-queue-of.ts';

const PAIRS: Pairs = [['accessKeyId', 'secretAccessKey']];

const isWebUrl = (text: string): boolean => /^https?:\/\//i.test(text) && parseUrl(text) !== null;

/** SQS permits 80 characters; other servers permit more. */
const isQueue = (text: string): boolean => /^[A-Za-z0-9_-]+(\.fifo)?$/.test(text) || isWebUrl(text);

const queue = (description: string) =>
  option({
    schema: text('the name or the URL of a queue').refine(isQueue, {
      error:
        'is not a queue. Write its name, like "orders" or "orders.fifo", or its URL, like "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"',
    }),
    required: true,
    defaultText: 'required',
    type: 'name or URL',
    description,
  });

/** Amazon SQS. */
export const SQS_SYSTEM = {
  title: 'Amazon SQS',
  connection: {
    region: option({
      schema: text('a region like "eu-central-1"'),
      defaultText: 'that of the environment or the AWS profile',
      type: 'text',
      description: 'The region of the queue.',
    }),
    endpoint: option({
      schema: text('a URL like "https://sqs.eu-central-1.amazonaws.com"').refine(isWebUrl, {
        error: 'is not a URL with "https://" or "http://". Example: "https://sqs.eu-central-1.amazonaws.com"',
      }),
      defaultText: 'that of the region',
      type: 'URL',
      description: 'Another endpoint, such as that of a VPC, of ElasticMQ or of LocalStack.',
    }),
    accessKeyId: option({
      schema: text('the id of an access key'),
      defaultText: "the AWS SDK's chain of credentials",
      type: 'text',
      kind: 'secret',
      description: 'The id of an access key, together with `secretAccessKey`. A role of the machine is better.',
    }),
    secretAccessKey: option({
      schema: text('the secret of an access key'),
      defaultText: 'none; or `secretAccessKeyEnv`',
      type: 'text',
      kind: 'secret',
      description: 'The secret of the access key.',
    }),
  },
  hasKeys: true,
  from: {
    queue: queue('The queue to read, which must exist. With a name that ends with `.fifo`, in order.'),
    envelope: option({
      schema: oneOf(['none', 'sns']),
      default: 'none',
      defaultText: '`none`',
      type: '`none`, `sns`',
      description:
        '`sns`: the queue is subscribed to topics of SNS without raw message delivery. The message and its attributes are taken from the JSON that SNS makes; a message without it is read as it is.',
    }),
    visibility: option({
      schema: duration({ min: 5 * SECOND, max: 12 * HOUR }),
      default: 60 * SECOND,
      defaultText: '`60s`',
      type: 'duration',
      description:
        'How long SQS hides a message that was read. The bridge extends it while the gateway accepts no messages. After a crash, messages that were read return after this time.',
    }),
  },
  reader: (connection, { queue }, env) => ({
    parts: [{ name: `the queue "${queue}"`, id: queueOf(connection, String(queue), env) }],
    remedy: 'Subscribe a queue for each of them to a topic of SNS',
  }),
  to: {
    queue: queue('The queue to send to, which must exist. With a name that ends with `.fifo`, in order.'),
    batch: option({
      schema: whole({ min: 1, max: 10 }),
      default: 10,
      defaultText: '`10`',
      type: 'number',
      description:
        'Maximum messages of one call. With a FIFO queue, `1` keeps the order even if SQS refuses one message of a batch.',
    }),
  },
  fault: (connection) => faultOfPairs(PAIRS, connection),
} satisfies BridgeSystem;
