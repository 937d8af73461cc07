import type { BridgeHost, InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';

/** What a source may do besides reading: wait, count messages that it lost, and note where to continue. */
export type SourceHost = Pick<BridgeHost, 'clock' | 'count' | 'checkpoints' | 'moved'>;

/** One kind of broker. Both functions load the client, and connect to nothing. */
export interface BridgeSystem {
  /** @throws MissingClient */
  loadSource?(config: InboundBridge, host: SourceHost): Promise<Source>;
  /** @throws MissingClient */
  loadSink?(config: OutboundBridge): Promise<Sink>;
}

/** Every system, by its name in the configuration: a folder each, loaded when a bridge needs it. */
export const SYSTEMS: Readonly<Record<string, () => Promise<BridgeSystem>>> = {
  activemq: async () => (await import('./activemq/activemq-system.ts')).activemqSystem,
  kafka: async () => (await import('./kafka/kafka-system.ts')).kafkaSystem,
  nats: async () => (await import('./nats/nats-system.ts')).natsSystem,
  pubsub: async () => (await import('./pubsub/pubsub-system.ts')).pubsubSystem,
  postgres: async () => (await import('./postgres/postgres-system.ts')).postgresSystem,
  rabbitmq: async () => (await import('./rabbitmq/rabbitmq-system.ts')).rabbitmqSystem,
  redis: async () => (await import('./redis/redis-system.ts')).redisSystem,
  sqs: async () => (await import('./sqs/sqs-system.ts')).sqsSystem,
  zeromq: async () => (await import('./zeromq/zeromq-system.ts')).zeromqSystem,
};
