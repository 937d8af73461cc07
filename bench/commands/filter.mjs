import { available, servers } from '../src/measure-flow.mjs';
import { answer, start, stop } from '../src/processes.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf } from '../src/rounds.mjs';
import { ms, number } from '../src/units.mjs';

/** Distinct filters of the channel; 0: the same readers without a filter. */
const FILTERS = [0, 1, 100, 10_000];
/** A short run. */
const QUICK = { seconds: 2, rounds: 1 };
const HEAD = ['', 'distinct filters', 'deliveries/s', 'p50', 'p99', 'CPU s / million', 'of which user', 'holes'];
/** A subject of NATS, and a binding of RabbitMQ, is what Sluice's filter is here: without one there is nothing to compare. */
const COMPARED = FILTERS.slice(1);
/** A headers exchange tries one binding after the other: with 10,000 it falls behind the rate for minutes. */
const TRIED_ONE_BY_ONE = COMPARED.slice(0, -1);
const SYSTEMS = {
  Sluice: { system: 'sluice', engine: 'memory', filters: FILTERS },
  'NATS, subjects': { system: 'nats', filters: COMPARED },
  'RabbitMQ, routing keys': { system: 'rabbitmq', exchange: 'topic', filters: COMPARED },
  'RabbitMQ, headers': { system: 'rabbitmq', exchange: 'headers', filters: TRIED_ONE_BY_ONE },
};

async function measure(system, options) {
  const started = await servers[system.system](system);
  const player = start('play.mjs', 1);
  try {
    const { port, server } = started;
    player.send({
      play: {
        scene: 'filters',
        ...options,
        system: system.system,
        exchange: system.exchange,
        port,
        server: server.pid,
      },
    });
    return await answer(player, 'played');
  } finally {
    await stop(player);
    await started.stop();
  }
}

async function run({ quick, ...asked }) {
  const { readers, rate, seconds, rounds } = { ...asked, ...(quick ? QUICK : {}) };
  const systems = await available(SYSTEMS);
  const trials = Object.entries(systems).flatMap(([name, system]) =>
    system.filters.map((filters) => ({ name, system, filters })),
  );
  const runs = await inRounds(rounds, trials.keys(), async (at, round) => {
    const { name, system, filters } = trials[at];
    const figures = await measure(system, { filters, readers, rate, seconds });
    console.error(
      `round ${round + 1}, ${name}, ${filters} filters: ${figures.cpuPerMillion.toFixed(2)} CPU s / million`,
    );
    return figures;
  });
  const rows = trials.map(({ name, filters }, at) => {
    const pick = medianOf(runs[at]);
    const cpu = [pick('cpuPerMillion'), pick('userPerMillion')].map((seconds) => seconds.toFixed(2));
    const cells = [Math.round(pick('deliveriesPerSecond')), ms(pick('p50')), ms(pick('p99'))];
    return [name, filters, ...cells, ...cpu, pick('holes')];
  });
  const all = trials.map(({ name, filters }, at) => ({ name, filters, runs: runs[at] }));
  publish('filter', table(HEAD, rows), { readers, rate, seconds, trials: all });
}

export function filter(program) {
  program
    .command('filter')
    .description(
      'what distinct filters cost at constant deliveries, beside the subjects of NATS and the bindings of RabbitMQ if this machine has them',
    )
    .option('--readers <n>', 'connections that receive every message', number, 10)
    .option('--rate <n>', 'messages per second', number, 2_000)
    .option('--seconds <n>', 'length of one run', number, 5)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .option('--quick', 'one short run', false)
    .action(run);
}
