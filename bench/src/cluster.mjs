/** Two gateway processes on one Redis: deliveries per second, what they cost, and the same commands on Redis alone. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { ensureRedis } from '../../scripts/find-redis.mjs';
import { RedisLog } from '../../server/dist/engine/redis/redis-log.js';
import { Keys } from '../../server/dist/engine/redis/shard.js';
import { systemClock } from '../../server/dist/util/clock.js';
import { climb, isGood } from './fanout.mjs';
import { answer, cpuSeconds, start, startAnywhere, stop } from './processes.mjs';
import { raw, withRedis } from './redis.mjs';

const GATEWAYS = 2;

/** Runs the work with gateways on one Redis, and readers at all of them. */
function withCluster({ subscribers, channels }, work) {
  return withRedis(async (redisPort, redis) => {
    const gateways = Array.from({ length: GATEWAYS }, (_, core) =>
      start('sluice-server.mjs', core, [`redis://127.0.0.1:${redisPort}`]),
    );
    const load = startAnywhere('load.mjs');
    try {
      const ports = await Promise.all(gateways.map((gateway) => answer(gateway, 'port')));
      load.send({ open: { ports, kind: 'sluice', subscribers: subscribers * channels, channels, unhurried: true } });
      await answer(load, 'opened');
      const used = () => ({ gateways: gateways.map(cpuSeconds), redis: cpuSeconds(redis) });
      return await work(async (rate, seconds) => {
        const before = used();
        load.send({ trial: { rate, seconds } });
        const trial = await answer(load, 'trial');
        return { ...trial, ...costs(before, used(), trial.deliveries), good: isGood(trial) };
      });
    } finally {
      await stop(load);
      await Promise.all(gateways.map(stop));
    }
  });
}

/** CPU seconds for a million deliveries: of each gateway for those of its own, and of Redis for all of them. */
function costs(before, after, deliveries) {
  const seconds = after.gateways.reduce((sum, used, at) => sum + used - before.gateways[at], 0);
  return {
    cpuPerMillion: (seconds / deliveries) * 1e6,
    redisCpuPerMillion: ((after.redis - before.redis) / deliveries) * 1e6,
  };
}

/** The highest rate with p99 below 100 ms and no loss. */
export function measureCluster({ subscribers, channels, seconds, steps }) {
  return withCluster({ subscribers, channels }, (run) => climb(run, { first: 200, seconds, steps }));
}

/** One trial at a given rate, after a warm-up. */
export function measureClusterAt({ subscribers, channels, seconds, rate }) {
  return withCluster({ subscribers, channels }, async (run) => {
    await run(rate, 3); // until the compiler has done its work
    return run(rate, seconds);
  });
}

/** The command that the engine sends for an append, with a key of its own each time. */
async function appendCommand() {
  let sent;
  const commands = {
    together: (send) => send(),
    run: async (script, keys, values) => {
      sent = { script, words: [keys.length, ...keys, ...values].map(String) };
      return ['e 1 m'];
    },
  };
  const shard = { commands, publish: 'PUBLISH' };
  const log = new RedisLog({ shardOf: () => shard, keys: new Keys('sluice:'), clock: systemClock });
  const entry = { id: 'x'.repeat(21), time: Date.now(), data: 'x'.repeat(128) };
  const retention = { count: 1_000, age: 3_600_000 };
  await log.append('bench:1', entry, { retention, window: 300_000, key: '__rand_int__' });
  return sent;
}

/** `redis-benchmark` with the commands of an append. */
export function measureScripts() {
  return withRedis(async (port) => {
    const { script, words } = await appendCommand();
    spawnSync(join(dirname(ensureRedis()), 'redis-cli'), ['-p', `${port}`, 'SCRIPT', 'LOAD', script.text]);
    const commands = {
      'EVALSHA of an append': ['-r', '1000000', 'EVALSHA', script.sha, ...words],
      PUBLISH: ['PUBLISH', 'sluice:{bench:1}:feed', 'x'.repeat(180)],
    };
    return Object.entries(commands).flatMap(([name, command]) =>
      [1, 64].map((pipeline) => ({ name, pipeline, runs: [raw(port, pipeline, command)] })),
    );
  });
}
