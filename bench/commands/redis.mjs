import { measureRedis, REDIS } from '../src/redis.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf } from '../src/rounds.mjs';
import { ms, number, numbers, thousands } from '../src/units.mjs';

async function run({ concurrency = [1, 64, 512], seconds, rounds }) {
  const trials = new Map(
    Object.keys(REDIS).flatMap((name) => concurrency.map((waiting) => [`${name}, ${waiting}`, { name, waiting }])),
  );
  const runs = await inRounds(rounds, [...trials.keys()], (key) => {
    const { name, waiting } = trials.get(key);
    return measureRedis(name, { concurrency: waiting, seconds });
  });
  const rows = [...trials].map(([key, { name, waiting }]) => {
    const pick = medianOf(runs[key]);
    return [name, waiting, thousands(pick('perSecond'), 1), ms(pick('p50')), ms(pick('p99'))];
  });
  publish('redis', table(['', 'on their way', 'operations', 'p50', 'p99'], rows), { concurrency, seconds, runs });
}

export function redis(program) {
  program
    .command('redis')
    .description(
      "two gateways on one Redis: publishes per second, and until the other gateway's subscriber has the message",
    )
    .option('--concurrency <n...>', 'operations on their way at a time', numbers)
    .option('--seconds <n>', 'length of one run', number, 3)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .action(run);
}
