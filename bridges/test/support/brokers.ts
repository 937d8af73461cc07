import { ACTIVEMQS } from './activemq-broker.ts';
import type { BrokerServer } from './broker-server.ts';
import { noElasticmq, startElasticmq } from './elasticmq-broker.ts';
import { noKafka, startKafka } from './kafka-broker.ts';
import { NATS, startNats } from './nats-broker.ts';
import { noPostgres, startPostgres } from './postgres-broker.ts';
import { missing } from './programs.ts';
import { missingPubsub, startPubsub } from './pubsub-server.ts';
import { RABBITMQ, startRabbitmq } from './rabbitmq-broker.ts';
import { REDIS, startRedis } from './redis-broker.ts';

/** A real broker that programs can start, and not only tests. */
export interface Broker {
  /** Why it cannot be started here; `false`: it can. */
  readonly skip: string | false;
  readonly start: () => Promise<BrokerServer>;
}

const [artemis] = ACTIVEMQS;

/** By name. */
export const BROKERS = {
  redis: { skip: missing(REDIS, 'there is no redis-server; apt-get install redis-server'), start: startRedis },
  nats: { skip: missing(NATS, 'there is no nats-server; apt-get install nats-server'), start: startNats },
  rabbitmq: {
    skip: missing(RABBITMQ, 'there is no RabbitMQ; apt-get install rabbitmq-server'),
    start: startRabbitmq,
  },
  kafka: { skip: noKafka, start: () => startKafka() },
  postgres: { skip: noPostgres, start: startPostgres },
  elasticmq: { skip: noElasticmq, start: startElasticmq },
  artemis: { skip: artemis?.skip ?? 'there is no Artemis', start: () => (artemis as Broker).start() },
  pubsub: { skip: missingPubsub, start: startPubsub },
} satisfies Readonly<Record<string, Broker>>;

export { freePort, removeServers } from './broker-server.ts';
