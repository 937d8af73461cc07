import { brokerUrl } from '../broker-url.ts';
import { option } from '../options/option.ts';
import { flag, oneOf, text } from '../values.ts';
import { UNROUTABLE_OPTION } from './bridge-options.ts';
import type { BridgeSystem } from './bridge-system.ts';
import { serverOfUrl } from './server-of.ts';

/** Options that only a stream has. */
const OF_STREAMS = ['consumer', 'start'];

const PORTS = { nats: '4222', tls: '4222' };

/** The servers of a list of URLs, of which each may be without a scheme. */
const serversOf = (urls: string): readonly string[] =>
  urls.split(',').map((url) => serverOfUrl(url.includes('://') ? url : `nats://${url.trim()}`, PORTS));

/** NATS JetStream, and subjects of core NATS. */
export const NATS_SYSTEM = {
  title: 'NATS',
  connection: {
    url: option({
      schema: brokerUrl({ of: 'a NATS server', schemes: ['nats', 'tls'], example: 'nats://host:4222', isList: true }),
      required: true,
      defaultText: 'required, or `urlEnv`',
      type: 'URL',
      description: 'The server: `nats://user:password@host:4222`, or `tls://…`. Several with commas.',
    }),
    token: option({
      schema: text('a token'),
      defaultText: 'none; or `tokenEnv`',
      type: 'text',
      kind: 'secret',
      description: 'The token of the connection.',
    }),
    tls: option({
      schema: flag(),
      default: false,
      defaultText: '`false`; `true` for `tls://`',
      type: 'boolean',
      description: 'Use TLS?',
    }),
  },
  hasKeys: false,
  from: {
    stream: option({
      schema: text('the name of a stream'),
      defaultText: 'none: core NATS',
      type: 'text',
      description:
        'The stream of JetStream to read, which must exist. Without it, the bridge subscribes to `subject`, and messages are lost while it is not connected.',
    }),
    subject: option({
      schema: text('a subject like "orders.>"'),
      defaultText: 'all; required without `stream`',
      type: 'text',
      description: 'Only messages of this subject; it may have wildcards.',
    }),
    consumer: option({
      schema: text('the name of a consumer'),
      default: 'sluice',
      defaultText: '`sluice`',
      type: 'text',
      description: 'The durable consumer, which the bridge creates. No other program may use it.',
    }),
    start: option({
      schema: oneOf(['oldest', 'newest']),
      default: 'oldest',
      defaultText: '`oldest`',
      type: '`oldest`, `newest`',
      description: 'Where a new consumer begins.',
    }),
  },
  fromFault: ({ stream, subject, ...rest }) => {
    if (stream != null) return null;
    if (subject == null) return 'has neither "stream" nor "subject". Name a stream, or a subject of core NATS';
    const wrong = OF_STREAMS.find((name) => rest[name] != null);
    return wrong === undefined ? null : `has "${wrong}", which only a stream has. Add "stream", or remove it`;
  },
  reader: ({ url }, { stream, consumer }) =>
    stream === undefined
      ? undefined
      : {
          parts: [
            {
              name: `the stream "${stream}" with the consumer "${consumer}"`,
              id: [String(stream), String(consumer)],
            },
          ],
          remedy: 'Give one of them another "consumer"',
          servers: serversOf(String(url)),
        },
  to: {
    subject: option({
      schema: text('a subject like "audit.{event}"'),
      required: true,
      defaultText: 'required',
      type: 'template',
      description: 'The subject, which a stream must cover.',
    }),
    unroutable: UNROUTABLE_OPTION,
  },
} satisfies BridgeSystem;
