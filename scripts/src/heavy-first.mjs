/** The order of the unit tests: the slowest files start first, so that none of them runs alone at the end. */
import { statSync } from 'node:fs';
import { BaseSequencer } from 'vitest/node';

/** Slow files, which start processes or check a model, in descending order of their duration. */
export const HEAVY = [
  'server/test/model.test.ts',
  'bridges/test/rabbitmq.test.ts',
  'bridges/test/sqs.test.ts',
  'bridges/test/activemq.test.ts',
  'server/test/durable-crash.test.ts',
  'bridges/test/kafka.test.ts',
  'server/test/openapi-fuzz.test.ts',
  'bridges/test/pubsub.test.ts',
  'scripts/test/packages.test.ts',
  'server/test/workers.test.ts',
  'bridges/test/late-redelivery.test.ts',
  'bridges/test/zeromq.test.ts',
  'bridges/test/kafka-topics.test.ts',
  'chaos/test/chaos.test.ts',
  'server/src/engine/redis/redis-engine.test.ts',
  'server/src/engine/durable/durable-engine.test.ts',
  'examples/worker/test/worker.test.ts',
  'client-sdk/test/share-tabs-model.test.ts',
  'server/test/proxies.test.ts',
  'server/test/webhooks-restart.test.ts',
  'bridges/test/postgres.test.ts',
  'server/test/durable-damage.test.ts',
  'bridges/test/workers.test.ts',
  'bridges/test/nats.test.ts',
  'bridges/test/redis.test.ts',
  'server/test/workers-reload.test.ts',
  'chaos/test/rolling.test.ts',
  'server/test/redis-failover.test.ts',
  'server/test/presence-model.test.ts',
  'chaos/test/bridges.test.ts',
  'server/test/redis-failures.test.ts',
  'examples/node-consumer/test/consumer.test.ts',
];

/**
 * Heavy files by their place in the list, then the others by size. Those that share processes come last:
 * a process is only kept for a file of the same project that follows at once.
 */
export class HeavyFirst extends BaseSequencer {
  /** @override @param {import("vitest/node").TestSpecification[]} files */
  async sort(files) {
    const place = new Map(files.map((file) => [file, placeOf(file.moduleId)]));
    const shares = new Map(files.map((file) => [file, file.project.config.isolate ? '' : file.project.name]));
    const size = new Map(files.map((file) => [file, statSync(file.moduleId).size]));
    return [...files].sort(
      (a, b) =>
        (shares.get(a) ?? '').localeCompare(shares.get(b) ?? '') ||
        (place.get(a) ?? 0) - (place.get(b) ?? 0) ||
        (size.get(b) ?? 0) - (size.get(a) ?? 0),
    );
  }
}

/** @param {string} path */
function placeOf(path) {
  const place = HEAVY.findIndex((name) => path.endsWith(`/${name}`));
  return place < 0 ? HEAVY.length : place;
}
