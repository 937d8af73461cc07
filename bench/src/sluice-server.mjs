/** Sluice as it is configured by default, with history on, so that offsets, cursors and the accounting of losses all work. */
import { createGateway } from '@sluice/server';

const everyone = { subscribe: 'users', publish: 'users' };
const gateway = createGateway({
  dev: true,
  port: 0,
  heartbeat: '8m',
  log: { level: 'warn' },
  limits: { subscriptions: 10_000 },
  channels: {
    'bench:{n}': { allow: everyone, history: { count: 1000, age: '1h' } },
  },
});
const { port } = await gateway.start();
process.send?.({ port });
