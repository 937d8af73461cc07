import { createGateway } from '../../src/index.ts';
import { SECRET } from './tokens.ts';

/** A node that sends webhooks, as a process of its own: killed with SIGKILL, it releases nothing. */
const [node = '', redis = '', endpoint = '', key = '', apiKey = ''] = process.argv.slice(2);
const gateway = createGateway({
  ...{ host: '127.0.0.1', port: 0, node, drain: 0, log: { level: 'silent' }, privateTargets: ['127.0.0.0/8'] },
  keys: [{ secret: SECRET }],
  apiKeys: [{ name: 'backend', secret: apiKey }],
  channels: { 'chat:{room}': { history: true } },
  webhooks: { crm: { url: endpoint, events: ['message.published'], keys: [{ key }] } },
  ...{ engine: 'redis', redis: { url: redis } },
});
const { url } = await gateway.start();
process.stdout.write(`${url}\n`);
