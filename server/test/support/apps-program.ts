import { createGateway } from '../../src/index.ts';
import { APPS } from './app-configs.ts';

/** A gateway with three apps on the durable engine, as a process of its own: killed with SIGKILL, it stores nothing more. */
const [data = ''] = process.argv.slice(2);
const gateway = createGateway({
  ...APPS,
  ...{ host: '127.0.0.1', port: 0, log: { level: 'silent' }, engine: 'durable', durable: { data } },
});
const { port } = await gateway.start();
process.stdout.write(`${port}\n`);
