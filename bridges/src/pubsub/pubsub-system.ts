import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { BridgeSystem, SourceHost } from '../systems.ts';
import { PubsubSink } from './pubsub-sink.ts';
import { PubsubSource } from './pubsub-source.ts';

const loadPubsub = (bridge: string) =>
  loadClient(bridge, ['@google-cloud/pubsub@5'], () => import('@google-cloud/pubsub'));

/** Google Cloud Pub/Sub. */
export const pubsubSystem: BridgeSystem = {
  loadSource: async (config: InboundBridge, host: SourceHost) =>
    new PubsubSource(await loadPubsub(config.name), config, host),
  loadSink: async (config: OutboundBridge) => new PubsubSink(await loadPubsub(config.name), config),
};
