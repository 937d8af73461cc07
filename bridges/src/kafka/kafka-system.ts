import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { BridgeSystem, SourceHost } from '../systems.ts';
import type { KafkaClient } from './kafka-connection.ts';
import { KafkaSink } from './kafka-sink.ts';
import { KafkaSource } from './kafka-source.ts';

const loadKafka = (bridge: string): Promise<KafkaClient> =>
  loadClient(bridge, ['@platformatic/kafka@1.35'], () => import('@platformatic/kafka'));

/** Apache Kafka. */
export const kafkaSystem: BridgeSystem = {
  loadSource: async (config: InboundBridge, host: SourceHost) =>
    new KafkaSource(await loadKafka(config.name), config, host),
  loadSink: async (config: OutboundBridge) => new KafkaSink(await loadKafka(config.name), config),
};
