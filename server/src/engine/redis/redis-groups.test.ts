import { afterEach, beforeAll, describe } from 'vitest';
import { startCluster, startRedis } from '../../../test/support/redis-server.ts';
import { testGroups } from '../conformance/groups-conformance.ts';
import { RedisEngine, type RedisEngineOptions } from './redis-engine.ts';

let one: RedisEngineOptions;
let two: RedisEngineOptions;
let cluster: RedisEngineOptions;
const engines: RedisEngine[] = [];
let count = 0;

beforeAll(async () => {
  const [first, second] = [await startRedis(), await startRedis()];
  one = { urls: [first.url] };
  two = { urls: [first.url, second.url] };
  cluster = { urls: (await startCluster()).map(({ url }) => url), cluster: true };
});
afterEach(() => Promise.all(engines.splice(0).map((engine) => engine.close())));

/** Isolated by a unique prefix. */
function create(options: RedisEngineOptions): RedisEngine {
  const engine = new RedisEngine({ ...options, prefix: `test${++count}:` });
  engines.push(engine);
  return engine;
}

describe.each([
  ['one Redis', () => one, 60],
  ['two Redis that share the channels', () => two, 10],
  ['a Redis Cluster', () => cluster, 10],
] as const)('with %s', (name, options, modelRuns) => {
  testGroups(name, (clock) => create({ ...options(), clock }), { modelRuns });
});
