import { activemqSoak } from './systems/activemq.ts';
import { kafkaSoak } from './systems/kafka.ts';
import { natsSoak } from './systems/nats.ts';
import { postgresSoak } from './systems/postgres.ts';
import { pubsubSoak } from './systems/pubsub.ts';
import { rabbitmqSoak } from './systems/rabbitmq.ts';
import { rabbitmqStreamSoak } from './systems/rabbitmq-stream.ts';
import { redisSoak } from './systems/redis.ts';
import { sqsSoak } from './systems/sqs.ts';
import type { SoakSystem } from './systems/system.ts';
import { zeromqSoak } from './systems/zeromq.ts';

/** The systems that can be soaked. */
export const SOAK_SYSTEMS: Readonly<Record<string, SoakSystem>> = {
  redis: redisSoak,
  nats: natsSoak,
  kafka: kafkaSoak,
  rabbitmq: rabbitmqSoak,
  'rabbitmq-stream': rabbitmqStreamSoak,
  postgres: postgresSoak,
  activemq: activemqSoak,
  sqs: sqsSoak,
  pubsub: pubsubSoak,
  zeromq: zeromqSoak,
};
