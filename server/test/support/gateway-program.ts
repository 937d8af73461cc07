import { createGateway } from '../../src/index.ts';
import { SECRET } from './tokens.ts';

/** A gateway as a separate program that logs to standard output. */
const gateway = createGateway({
  host: '127.0.0.1',
  port: 0,
  keys: [{ secret: SECRET }],
  connectTimeout: '10m',
  drain: 0,
  log: { format: 'json' },
  channels: { '**': { allow: { '*': 'users' } } },
});
await gateway.start();
process.on('SIGTERM', () => void gateway.close());
