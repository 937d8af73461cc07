import { rows } from './expensive-commands.mjs';
import { answer, cpuSeconds, startAnywhere, stop } from './processes.mjs';

/**
 * Measures what one connection costs that asks for the same again and again, as often as its limits
 * allow: row by row, on one gateway.
 */
export async function measureRows(seconds) {
  const server = startAnywhere('expensive-command-server.mjs');
  const port = await answer(server, 'port');
  const measured = [];
  for (const row of rows) measured.push({ row, ...(await measure(server, { port, row, seconds })) });
  await stop(server);
  return measured;
}

async function measure(server, { port, row, seconds }) {
  const player = startAnywhere('expensive-commands.mjs');
  try {
    player.send({ prepare: { port, row } });
    await answer(player, 'prepared');
    const before = cpuSeconds(server);
    const start = performance.now();
    player.send({ ask: { port, row, seconds } });
    const asked = await answer(player, 'asked');
    const took = (performance.now() - start) / 1000;
    const cpu = cpuSeconds(server) - before;
    return { perSecond: asked / took, each: (cpu / asked) * 1000, share: cpu / took };
  } finally {
    await stop(player);
  }
}
