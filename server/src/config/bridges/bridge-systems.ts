import type { BridgeSystem } from './bridge-system.ts';
import { KAFKA_SYSTEM } from './kafka-options.ts';
import { NATS_SYSTEM } from './nats-options.ts';
import { RABBITMQ_SYSTEM } from './rabbitmq-options.ts';
import { REDIS_SYSTEM } from './redis-options.ts';
import { SQS_SYSTEM } from './sqs-options.ts';

/** Every system, by its name in the configuration. */
export const BRIDGE_SYSTEMS: Readonly<Record<string, BridgeSystem>> = {
  redis: REDIS_SYSTEM,
  kafka: KAFKA_SYSTEM,
  nats: NATS_SYSTEM,
  rabbitmq: RABBITMQ_SYSTEM,
  sqs: SQS_SYSTEM,
};
