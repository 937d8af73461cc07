import { publish, table } from '../src/report.mjs';
import { sseAndSockets } from '../src/sse.mjs';
import { kib, number } from '../src/units.mjs';

async function run({ streams, messages }) {
  const results = await sseAndSockets({ streams, messages });
  const rows = results.map(({ name, memory, perSecond, last }) => [
    name,
    kib(memory),
    Math.round(perSecond).toLocaleString('en'),
    `${last.toFixed(0)} ms`,
  ]);
  publish('sse', table(['connections', 'memory each', 'deliveries/s', 'last reader of one message'], rows), {
    streams,
    messages,
    results,
  });
}

export function sse(program) {
  program
    .command('sse')
    .description('memory and fan-out of event streams, beside those of WebSockets')
    .option('--streams <n>', 'connections of each kind', number, 10_000)
    .option('--messages <n>', 'messages that are fanned out, one per turn', number, 20)
    .action(run);
}
