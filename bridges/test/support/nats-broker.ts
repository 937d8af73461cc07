import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BrokerServer } from './broker-server.ts';
import { findServer } from './programs.ts';

export const NATS = findServer('nats-server', 'SLUICE_NATS_SERVER');

/**
 * A NATS server with JetStream.
 *
 * @param config text of its configuration file
 */
export const startNats = (config = ''): Promise<BrokerServer> =>
  BrokerServer.start(({ port, folder }) => {
    const file = join(folder, 'nats.conf');
    writeFileSync(file, config);
    const args = ['-js', '-sd', join(folder, 'store'), '-a', '127.0.0.1', '-p', `${port}`, '-c', file];
    return { command: NATS ?? 'nats-server', args };
  });
