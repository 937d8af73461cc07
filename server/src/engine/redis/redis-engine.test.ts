import { afterAll, beforeAll } from 'vitest';
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts';
import { ManualClock } from '../../util/clock.ts';
import { testEngine } from '../conformance.ts';
import { presenceConformance } from '../presence-conformance.ts';
import { RedisEngine, type RedisEngineOptions } from './redis-engine.ts';

let server: RedisServer;
const engines: RedisEngine[] = [];
let count = 0;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

/** As if it were alone in the world: with a prefix of its own. */
function create(options: RedisEngineOptions): RedisEngine {
  const engine = new RedisEngine({ ...options, prefix: `test${++count}:` });
  engines.push(engine);
  return engine;
}

testEngine('Redis', (clock) => create({ urls: [server.url], clock }));

presenceConformance(
  'Redis',
  async () => {
    const clock = new ManualClock();
    const engine = create({ urls: [server.url], clock });
    await engine.start({ deliver: () => {} });
    const pass = async (ms: number) => {
      clock.advance(ms);
      await engine.sync();
    };
    return { store: engine.presence, now: () => clock.now(), pass };
  },
  { runs: 50 },
);
