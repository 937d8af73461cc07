import { ACTIVEMQ_SYSTEM } from './activemq-options.ts';
import type { BridgeSystem } from './bridge-system.ts';
import { KAFKA_SYSTEM } from './kafka-options.ts';
import { NATS_SYSTEM } from './nats-options.ts';
import { POSTGRES_SYSTEM } from './postgres-options.ts';
import { PUBSUB_SYSTEM } from './pubsub-options.ts';
import { RABBITMQ_SYSTEM } from './rabbitmq-options.ts';
import { REDIS_SYSTEM } from './redis-options.ts';
import { SQS_SYSTEM } from './sqs-options.ts';
import { ZEROMQ_SYSTEM } from './zeromq-options.ts';

/** Every system, by its name in the configuration. */
export const BRIDGE_SYSTEMS: Readonly<Record<string, BridgeSystem>> = {
  redis: REDIS_SYSTEM,
  kafka: KAFKA_SYSTEM,
  nats: NATS_SYSTEM,
  rabbitmq: RABBITMQ_SYSTEM,
  activemq: ACTIVEMQ_SYSTEM,
  sqs: SQS_SYSTEM,
  pubsub: PUBSUB_SYSTEM,
  zeromq: ZEROMQ_SYSTEM,
  postgres: POSTGRES_SYSTEM,
};
