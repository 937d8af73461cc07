import { z } from 'zod';
import { brokerUrl, REDIS_URL } from '../broker-url.ts';
import { option } from '../options/option.ts';
import { text } from '../values.ts';
import { type BridgeSystem, textsOf } from './bridge-system.ts';
import { serverOfUrl } from './server-of.ts';

const PORTS = { redis: '6379', rediss: '6379' };

/** The database of a URL: 2 of `redis://host/2`. */
function databaseOf(text: string): string {
  const { pathname, searchParams } = new URL(text.trim());
  return String(Number(pathname.slice(1) || (searchParams.get('db') ?? '0')));
}

/** Redis Streams. */
export const REDIS_SYSTEM = {
  title: 'Redis Streams',
  connection: {
    url: option({
      schema: brokerUrl(REDIS_URL),
      required: true,
      defaultText: 'required, or `urlEnv`',
      type: 'URL',
      description:
        'The Redis: `redis://user:password@host:6379/0`, or `rediss://…` for TLS. One server: Redis Cluster and Sentinel are not supported.',
    }),
  },
  hasKeys: true,
  from: {
    streams: option({
      schema: z
        .array(text('the key of a stream'), { error: 'must be a list of keys. Example: ["orders"]' })
        .min(1, { error: 'is empty. Name at least one stream' })
        .max(100, { error: 'may name at most 100 streams' })
        .readonly(),
      required: true,
      defaultText: 'required',
      type: 'list of keys',
      description: 'The streams to read.',
    }),
    group: option({
      schema: text('the name of a consumer group'),
      default: 'sluice',
      defaultText: '`sluice`',
      type: 'text',
      description: 'The consumer group of Redis, which the bridge creates. No other program may use it.',
    }),
    body: option({
      schema: text('the name of a field'),
      default: 'data',
      defaultText: '`data`',
      type: 'text',
      description: 'The field of an entry that is its body. The other fields are its headers.',
    }),
    start: option({
      schema: z.enum(['oldest', 'newest'], { error: 'must be "oldest" or "newest"' }),
      default: 'oldest',
      defaultText: '`oldest`',
      type: '`oldest`, `newest`',
      description: 'Where a new consumer group begins.',
    }),
  },
  reader: ({ url }, { streams, group }) => ({
    parts: textsOf(streams).map((stream) => ({
      name: `the stream "${stream}" with the group "${group}"`,
      id: [serverOfUrl(String(url), PORTS), databaseOf(String(url)), stream, String(group)],
    })),
    remedy: 'Give one of them another "group"',
  }),
  to: {
    stream: option({
      schema: text('the key of a stream'),
      required: true,
      defaultText: 'required',
      type: 'key',
      description:
        'The stream to append to. Other programs may append to it too, but while the bridge reconnects at most twice `inFlight` entries (at least 100). More can cause repeats.',
    }),
    maxLength: option({
      schema: z.number({ error: 'must be a number' }).int().min(1, { error: 'must be at least 1' }),
      defaultText: 'no limit',
      type: 'number',
      description: 'About how many entries the stream keeps.',
    }),
    body: option({
      schema: text('the name of a field'),
      default: 'data',
      defaultText: '`data`',
      type: 'text',
      description: 'The field for the body.',
    }),
  },
} satisfies BridgeSystem;
