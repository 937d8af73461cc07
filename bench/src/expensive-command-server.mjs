/** A gateway with its default limits, and channels that hold as much as they may: what one command can cost at most. */
import { createGateway } from '@sluice/server';
import { SECRET } from './tokens.mjs';

const everything = { '*': 'users' };
const MEMBERS = 500;

const gateway = createGateway({
  host: '127.0.0.1',
  port: 0,
  keys: [{ secret: SECRET }],
  heartbeat: '8m',
  drain: 0,
  log: { level: 'error' },
  channels: {
    '{kind}:{n}': { allow: everything, history: { count: 1000, age: '24h' } },
    'long:{n}': { allow: everything, history: { count: 1_000_000, age: '24h' } },
    'mine:{n}': { allow: { '*': 'role:member' }, history: true },
  },
});
const { port } = await gateway.start();

/** Numbers and arrays are the most work for each byte. */
const deep = Array.from({ length: 7_500 }, () => [1, [2]]);
for (let at = 0; at < 1000; at++) {
  await gateway.publish('large:a', 'x'.repeat(60_000));
  await gateway.publish('deep:a', deep);
  await gateway.publish('small:a', at);
}
for (let at = 0; at < 300_000; at++) await gateway.publish('long:a', at);

process.send?.({ port, members: MEMBERS });
