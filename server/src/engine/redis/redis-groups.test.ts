import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, startRedis } from '../../../test/support/redis-server.ts';
import { ManualClock } from '../../util/clock.ts';
import { GroupsBench } from '../conformance/groups-bench.ts';
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
function create(options: RedisEngineOptions, prefix = `test${++count}:`): RedisEngine {
  const engine = new RedisEngine({ ...options, prefix });
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

it('a gap that a node has claimed and not confirmed is returned to another one after that node is gone', async () => {
  const clock = new ManualClock();
  const prefix = `test${++count}:`;
  const ref = { channel: 'a', group: 'g' };
  const nodes = [create({ ...one, clock }, prefix), create({ ...one, clock }, prefix)] as const;
  const [first, second] = await Promise.all(nodes.map((node) => new GroupsBench(node, clock).start()));
  const keep = { retention: { count: 2, age: 3_600_000 } };
  for (let at = 0; at < 2; at++) await first?.append('a', undefined, keep);
  const delivery = await first?.claimOne(ref);
  for (let at = 0; at < 5; at++) await first?.append('a', undefined, keep);
  await first?.settle(ref, [delivery as never]); // finds the gap
  expect((await first?.claimAll(ref))?.gaps).toHaveLength(1);
  await nodes[0].close();
  engines.splice(engines.indexOf(nodes[0]), 1);
  const claim = await second?.claimAll(ref);
  const { epoch = '' } = claim ?? {};
  expect(claim?.gaps).toEqual([{ from: { epoch, offset: 1 }, to: { epoch, offset: 5 }, reason: 'retention' }]);
  await second?.groups.confirmGaps(ref, claim?.gaps ?? []);
  expect((await second?.claimAll(ref))?.gaps).toEqual([]);
});
