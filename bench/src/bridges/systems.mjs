/**
 * Each system, by its name on the command line. A process loads only the clients that it needs.
 *
 * - `title`, `count`: the name of its rows, and messages of one measurement
 * - `broker`: which of `bridges/test/support/brokers.ts`; `peer` instead: it has none
 * - `bridge(port, direction)`, `from`, `to`: the options of a bridge
 * - `fill(port, count)`: stores messages, to be read; `prepare(port)`: makes what is sent to
 * - `read({ port, count, onDone })`, `send(…)`: the client alone, with the settings of the bridge
 */
const SYSTEMS = {
  redis: async () => (await import('./systems/redis.mjs')).redis,
  nats: async () => (await import('./systems/nats.mjs')).nats,
  rabbitmq: async () => (await import('./systems/rabbitmq.mjs')).rabbitmq,
  'rabbitmq-stream': async () => (await import('./systems/rabbitmq.mjs')).rabbitmqStream,
  kafka: async () => (await import('./systems/kafka.mjs')).kafka,
  postgres: async () => (await import('./systems/postgres.mjs')).postgres,
  sqs: async () => (await import('./systems/sqs.mjs')).sqs,
  activemq: async () => (await import('./systems/activemq.mjs')).activemq,
  pubsub: async () => (await import('./systems/pubsub.mjs')).pubsub,
  zeromq: async () => (await import('./systems/zeromq.mjs')).zeromq,
};

export const NAMES = Object.keys(SYSTEMS);

/** Loads a system with its client. */
export function loadSystem(name) {
  const load = SYSTEMS[name];
  if (load === undefined) throw new Error(`unknown system "${name}". Use some of: ${NAMES.join(', ')}`);
  return load();
}
