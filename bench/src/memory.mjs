/** Resident memory of the server for each idle connection that has one subscription. */
import { answer, residentBytes, start, stop } from './processes.mjs';

async function resident(server) {
  server.send('collect');
  await answer(server, 'collected');
  return residentBytes(server);
}

/** Connections before the first measurement. */
const WARM_UP = 2000;

/** @returns bytes per connection */
export async function memoryPerConnection({ file, args, kind }, connections) {
  const server = start(file, 0, args, []);
  const load = start('load.mjs', 1);
  try {
    const port = await answer(server, 'port');
    // What the first connections cost once, in compiled code, caches and a heap that has grown, is
    // not what one more costs.
    load.send({ open: { port, kind, subscribers: WARM_UP } });
    await answer(load, 'opened');
    const before = await resident(server);
    load.send({ open: { port, kind, subscribers: connections } });
    await answer(load, 'opened');
    return ((await resident(server)) - before) / connections;
  } finally {
    await stop(load);
    await stop(server);
  }
}
