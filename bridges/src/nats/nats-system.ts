import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { BridgeSystem } from '../systems.ts';
import type { NatsClient } from './nats-connection.ts';
import { NatsSink } from './nats-sink.ts';
import { NatsSource } from './nats-source.ts';

const PACKAGES = ['@nats-io/transport-node', '@nats-io/jetstream'];

const loadNats = (bridge: string): Promise<NatsClient> =>
  loadClient(bridge, PACKAGES, async () => ({
    transport: await import('@nats-io/transport-node'),
    jetstream: await import('@nats-io/jetstream'),
  }));

/** NATS JetStream. */
export const natsSystem: BridgeSystem = {
  loadSource: async (config: InboundBridge) => new NatsSource(await loadNats(config.name), config),
  loadSink: async (config: OutboundBridge) => new NatsSink(await loadNats(config.name), config),
};
