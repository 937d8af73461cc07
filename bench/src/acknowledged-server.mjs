/** A gateway with the engine that is named, for publishes that are acknowledged. */
import { createGateway } from '@sluice/server';
import { SECRET } from './tokens.mjs';

const [, , engine, data] = process.argv;
const gateway = createGateway({
  host: '127.0.0.1',
  port: 0,
  keys: [{ secret: SECRET }],
  heartbeat: '8m',
  drain: 0,
  log: { level: 'warn' },
  limits: { operations: 0, bytes: 0 },
  engine,
  ...(engine === 'durable' && { durable: { data } }),
  channels: { 'bench:{n}': { allow: { '*': 'users' }, history: { count: 10_000, age: '1h' } } },
});
const { port } = await gateway.start();
process.on('message', () => {});
process.send?.({ port });
