/**
 * A process that tests kill: it publishes without end, and prints the position of each acknowledged
 * message. Started by durable-crash.test.ts with the data folder and the number of its run.
 */
import { writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DurableEngine } from '../../src/engine/durable/durable-engine.ts';
import { openStore } from '../../src/engine/durable/open-store.ts';
import { channelOf, floodEntry } from './crash-record.ts';

const [, , data = '', run = '0'] = process.argv;
/** Most unacknowledged publishes at the same time. */
const OUTSTANDING = 200;
const random = (below: number) => Math.floor(Math.random() * below);

/** Every second process has a small journal, so that it is killed while transactions move to the tables, too. */
const small = Number(run) % 2 === 1 ? { full: 32 * 1024 } : {};
const engine = new DurableEngine({ data, openStore: (path, options) => openStore(path, { ...options, ...small }) });
await engine.start({ deliver: () => {} });
let outstanding = 0;

for (let n = 0; ; n++) {
  const channel = channelOf(n);
  const entry = floodEntry({ run: Number(run), n, size: random(8) === 0 ? random(20_000) : random(300) });
  const key = entry.data.key;
  outstanding++;
  void engine.append(channel.name, entry, { retention: channel.retention, window: 3_600_000, key }).then((result) => {
    outstanding--;
    // Synchronous, so that the output survives a kill.
    writeSync(1, `${JSON.stringify({ channel: channel.name, key, ...result })}\n`);
  });
  if (n % 7 === 0 || outstanding >= OUTSTANDING) await nextTurn();
  while (outstanding >= OUTSTANDING) await nextTurn();
}
