import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { ConfigInput } from '../config/config.ts';
import type { Loaded } from '../config/load.ts';
import { parseConfig } from '../config/schema.ts';
import { ManualClock } from '../util/clock.ts';
import type { FromProcess, ToProcess } from './messages.ts';
import type { HandleListener } from './spawn.ts';
import { Supervisor } from './supervisor.ts';

/** A supervisor whose two workers are simulated by the test. */
async function start(engine: ConfigInput = { engine: 'redis', redis: { url: 'redis://localhost' } }) {
  const config = parseConfig({ ...engine, workers: 2, keys: [{ secret: 'x'.repeat(32) }], channels: {} });
  const processes: { listener: HandleListener; sent: ToProcess[] }[] = [];
  const supervisor = new Supervisor({ config, gathered: {} } as unknown as Loaded, {
    ...{ clock: new ManualClock(), random: () => 1, system: 'linux', log: pino({ level: 'silent' }) },
    reserve: async () => ({ port: 1, release: () => {} }),
    spawn: (_, listener) => {
      const sent: ToProcess[] = [];
      processes.push({ listener, sent });
      const send = (message: ToProcess): void => {
        sent.push(message);
        if (message.type === 'start') queueMicrotask(() => listener.message({ type: 'ready', port: 1, url: 'u' }));
      };
      return { pid: undefined, send, kill: () => {} };
    },
  });
  await supervisor.start();
  const [first, second] = processes;
  if (first === undefined || second === undefined) throw new Error('two workers must have been started');
  return { supervisor, config, processes, first, second };
}

const answersOf = (sent: readonly ToProcess[]) => sent.filter(({ type }) => type === 'scraped');
const turn = () => new Promise(setImmediate);

it.each([
  ['the sum', [], expect.stringContaining('sluice_workers 2')],
  ['that there is none, if a worker counts nonsense', null, null],
])('answers a worker that asks for the metrics of all: %s', async (_, snapshot, text) => {
  const { first, second } = await start();
  first.listener.message({ type: 'scrape', id: 7 });
  for (const { listener, sent } of [first, second]) {
    const id = sent.flatMap((message) => (message.type === 'count' ? [message.id] : []))[0] ?? 0;
    listener.message({ type: 'counted', id, snapshot } as FromProcess);
  }
  await turn();
  await turn();
  expect(answersOf(first.sent)).toEqual([{ type: 'scraped', id: 7, text }]);
  expect(answersOf(second.sent)).toEqual([]);
});

it('gives the owner of the engine the configuration of a reload, once all workers have prepared it', async () => {
  const { supervisor, config, processes } = await start({ engine: 'memory' });
  const [owner, ...workers] = processes;
  const next = { config, gathered: { input: { port: 2 } } } as unknown as Loaded;
  const reloaded = supervisor.reload(next);
  await turn();
  expect(owner?.sent.map(({ type }) => type)).toEqual(['start']);
  for (const { listener } of workers) listener.message({ type: 'reloadStaged', id: 1 });
  await turn();
  expect(owner?.sent.at(-1)).toEqual({ type: 'adopt', gathered: next.gathered });
  for (const { listener } of workers) {
    listener.message({ type: 'reloadCommitted', id: 1, report: { changes: [], restart: [] } });
  }
  await reloaded;
});
