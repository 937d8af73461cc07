import { BrokerServer } from './broker-server.ts';
import { findServer } from './programs.ts';

export const REDIS = findServer('redis-server', 'SLUICE_REDIS_SERVER');

/** A Redis that writes every change to its disk before it answers. */
export const startRedis = (): Promise<BrokerServer> =>
  BrokerServer.start(({ port, folder }) => ({
    command: REDIS ?? 'redis-server',
    args: [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder],
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
    ],
  }));
