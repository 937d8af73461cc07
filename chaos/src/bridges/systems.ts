import { activemqSoak } from './systems/activemq.ts';
import { kafkaSoak } from './systems/kafka.ts';
import { natsSoak } from './systems/nats.ts';
import { postgresSoak } from './systems/postgres.ts';
import { rabbitmqSoak } from './systems/rabbitmq.ts';
import { redisSoak } from './systems/redis.ts';
import type { SoakSystem } from './systems/system.ts';

/** The systems that can be soaked, by their name in the configuration of bridges. */
export const SOAK_SYSTEMS: Readonly<Record<string, SoakSystem>> = {
  redis: redisSoak,
  nats: natsSoak,
  kafka: kafkaSoak,
  rabbitmq: rabbitmqSoak,
  postgres: postgresSoak,
  activemq: activemqSoak,
};
