import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { Source } from '../source.ts';
import type { BridgeSystem, SourceHost } from '../systems.ts';
import type { NatsClient } from './nats-connection.ts';
import { NatsSink } from './nats-sink.ts';
import { NatsSource } from './nats-source.ts';
import { NatsSubjectSource } from './nats-subject-source.ts';

const PACKAGES = ['@nats-io/transport-node', '@nats-io/jetstream'];

const loadNats = (bridge: string): Promise<NatsClient> =>
  loadClient(bridge, PACKAGES, async () => ({
    transport: await import('@nats-io/transport-node'),
    jetstream: await import('@nats-io/jetstream'),
  }));

async function loadSource(config: InboundBridge, host: SourceHost): Promise<Source> {
  const client = await loadNats(config.name);
  return typeof config.from.stream === 'string'
    ? new NatsSource(client, config, host)
    : new NatsSubjectSource(client, config, host);
}

/** NATS JetStream, and subjects of core NATS. */
export const natsSystem: BridgeSystem = {
  loadSource,
  loadSink: async (config: OutboundBridge) => new NatsSink(await loadNats(config.name), config),
};
