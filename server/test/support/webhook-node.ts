import { createGateway } from '../../src/index.ts';
import { SECRET } from './tokens.ts';

/** A node that sends webhooks, as a process of its own: killed with SIGKILL, it releases nothing. */
const gateway = createGateway({
  ...{ host: '127.0.0.1', port: 0, drain: 0, log: { level: 'silent' }, privateTargets: ['127.0.0.0/8'] },
  keys: [{ secret: SECRET }],
  channels: { 'chat:{room}': { allow: { subscribe: 'users' }, history: true } },
  ...JSON.parse(process.argv[2] ?? '{}'),
});
const { url } = await gateway.start();
process.stdout.write(`${url}\n`);
