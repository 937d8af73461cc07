/**
 * Sluice with its default configuration and history, so that offsets, cursors and the counting of losses work.
 * Arguments: `limited` for the default limits; the URL of a Redis; `durable=<folder>` for the durable engine.
 */
import { createGateway } from '@sluice/server';
import { SECRET } from './tokens.mjs';

const options = process.argv.slice(2);
const limited = options.includes('limited');
/** `coalesce=100`: the window of the measured channels, in ms. */
const coalesce = Number(options.find((option) => option.startsWith('coalesce='))?.slice('coalesce='.length) ?? 0);
const redis = options.find((option) => option.startsWith('redis://'));
const durable = options.find((option) => option.startsWith('durable='))?.slice('durable='.length);
/** `hook=<url>`: a backend that is asked about each subscription. */
const hook = options.find((option) => option.startsWith('hook='))?.slice('hook='.length);
const hookKey = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const everything = { '*': 'users' };
const gateway = createGateway({
  host: '127.0.0.1',
  port: 0,
  keys: [{ secret: SECRET }],
  heartbeat: '8m',
  drain: 0,
  ...(redis === undefined ? {} : { engine: 'redis', redis: { url: redis } }),
  ...(durable === undefined ? {} : { engine: 'durable', durable: { data: durable } }),
  ...(hook === undefined
    ? {}
    : {
        hooks: { backend: { url: hook, on: ['subscribe'], timeout: '10s', keys: [{ key: hookKey }] } },
        privateTargets: ['127.0.0.0/8'],
      }),
  log: { level: 'warn' },
  // One generator plays all clients, and nearly all of them are one user: limits would measure themselves.
  limits: {
    subscriptions: 10_000,
    connectionsPerUser: 0,
    requests: 10_000,
    ...(limited ? {} : { operations: 0, bytes: 0 }),
  },
  channels: {
    'bench:{n}': { allow: everything, history: { count: 1000, age: '1h' }, coalesce },
    'long:{n}': { allow: everything, history: { count: 1_000_000, age: '1h' } },
    'room:{n}': { allow: everything },
    'jobs:{n}': { allow: { publish: 'users', consume: 'users' }, queue: { prefetch: 256 } },
    'ask:{n}': { allow: { request: 'users', respond: 'users' } },
    'user:{id}': { allow: { subscribe: 'owner:{id}' } },
  },
});
const { port } = await gateway.start();
process.on('message', (message) => {
  if (message !== 'collect') return;
  globalThis.gc?.();
  process.send?.({ collected: process.memoryUsage().heapUsed });
});
process.send?.({ port });
