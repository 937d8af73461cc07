/** What a flushed publish costs: the engines side by side, and what LMDB and the disk do without them. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from '@sluice/server';
import { open } from 'lmdb';

const DATA = { text: 'x'.repeat(100) };

/** Keeps a number of operations in flight for some seconds, and times each. */
async function load(operation, { concurrency, seconds }) {
  const times = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  const worker = async () => {
    for (let now = performance.now(); now < end; ) {
      await operation();
      const done = performance.now();
      times.push(done - now);
      now = done;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const elapsed = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { perSecond: times.length / elapsed, p50: at(0.5), p99: at(0.99) };
}

async function withGateway(options, work) {
  const gateway = createGateway({
    host: '127.0.0.1',
    port: 0,
    drain: 0,
    anonymous: true,
    log: { level: 'warn' },
    channels: { 'bench:{n}': { history: { count: 10_000, age: '1h' } } },
    ...options,
  });
  await gateway.start();
  let count = 0;
  const publish = () => gateway.publish(`bench:${count % 100}`, DATA, { key: `k${++count}` });
  try {
    return await work(publish);
  } finally {
    await gateway.close();
  }
}

/** One put per operation, flushed within its commit, as in the engine; those of one moment share a commit. */
async function withLmdb(data, work) {
  const store = open({ path: join(data, 'bench.mdb'), noSubdir: true, encoding: 'binary', overlappingSync: false });
  let count = 0;
  const value = Buffer.from(JSON.stringify(DATA));
  try {
    return await work(() => store.put(++count, value));
  } finally {
    await store.close();
  }
}

/** One page and one `fdatasync`, one after the other: nothing that waits for the disk each time is faster. */
async function withFile(data, work) {
  const file = openSync(join(data, 'bench.raw'), 'w');
  const page = Buffer.alloc(4096, 1);
  let at = 0;
  try {
    return await work(async () => {
      writeSync(file, page, 0, page.length, (at++ % 1024) * page.length);
      fdatasyncSync(file);
    });
  } finally {
    closeSync(file);
  }
}

/** What is measured: by name, each gives its operation to `work`. */
export const DURABLE = {
  memory: (_data, work) => withGateway({ engine: 'memory' }, work),
  durable: (data, work) => withGateway({ engine: 'durable', durable: { data } }, work),
  'LMDB alone': withLmdb,
  'a page and fdatasync': withFile,
};

/** Measures one of `DURABLE` in a separate folder. */
export async function measureDurable(name, { concurrency, seconds, folder = tmpdir() }) {
  const data = mkdtempSync(join(folder, 'sluice-bench-'));
  try {
    return await DURABLE[name](data, (operation) => load(operation, { concurrency, seconds }));
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}
