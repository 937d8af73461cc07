/** CPU of the server for each connection, when many clients connect at once: on a fresh server, and on a warm one. */
import { answer, cpuSeconds, start, stop } from './processes.mjs';
import { median } from './report.mjs';

const SERVER_CORE = 0;
const LOAD_CORE = 1;

export const servers = {
  'bare, upgrade only': { file: 'bare-server.mjs', args: ['publish'], kind: 'upgrade' },
  'sluice, connect + HS256 + subscribe': { file: 'sluice-server.mjs', args: [], kind: 'sluice' },
};

/** Milliseconds until the server has nothing left to do. */
const SETTLED = 300;
const settle = () => new Promise((resolve) => setTimeout(resolve, SETTLED));

async function storm({ server, load }, options) {
  await settle();
  const before = cpuSeconds(server);
  load.send({ storm: options });
  const seconds = await answer(load, 'stormed');
  await settle();
  return { cpuEach: (cpuSeconds(server) - before) / options.clients, perSecond: options.clients / seconds };
}

async function cut(load) {
  load.send({ cut: true });
  await answer(load, 'cut');
}

const medianOf = (storms, field) => median(storms.map((each) => each[field]));

/** @returns seconds of CPU for each connection, and connections per second: of the first storm, and of those after it */
export async function measureConnects({ file, args, kind }, { clients, storms }) {
  const server = start(file, SERVER_CORE, args, []);
  const load = start('storm.mjs', LOAD_CORE);
  try {
    const port = await answer(server, 'port');
    const options = { port, kind, clients };
    const cold = await storm({ server, load }, options);
    const warm = [];
    while (warm.length < storms) {
      await cut(load);
      warm.push(await storm({ server, load }, options));
    }
    return {
      cold: cold.cpuEach,
      coldPerSecond: cold.perSecond,
      warm: medianOf(warm, 'cpuEach'),
      warmPerSecond: medianOf(warm, 'perSecond'),
    };
  } finally {
    await stop(load);
    await stop(server);
  }
}
