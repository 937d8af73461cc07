import { BrokerServer } from './broker-server.ts';
import { findServer } from './programs.ts';

export const NATS = findServer('nats-server', 'SLUICE_NATS_SERVER');

/** A NATS server with JetStream. */
export const startNats = (): Promise<BrokerServer> =>
  BrokerServer.start(({ port, folder }) => ({
    command: NATS ?? 'nats-server',
    args: ['-js', '-sd', folder, '-a', '127.0.0.1', '-p', `${port}`],
  }));
