import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { BridgeSystem } from '../systems.ts';
import type { PostgresClient } from './postgres-connection.ts';
import { PostgresSink } from './postgres-sink.ts';
import { PostgresSource } from './postgres-source.ts';

const loadPostgres = (bridge: string): Promise<PostgresClient> => loadClient(bridge, ['pg'], () => import('pg'));

/** PostgreSQL: an outbox to read, and a table to write. */
export const postgresSystem: BridgeSystem = {
  loadSource: async (config: InboundBridge) => new PostgresSource(await loadPostgres(config.name), config),
  loadSink: async (config: OutboundBridge) => new PostgresSink(await loadPostgres(config.name), config),
};
