/**
 * A process that tests kill: it publishes to a queue, consumes from it, and prints what was
 * acknowledged. Started by durable-groups-crash.test.ts with the data folder and the number of its run.
 */
import { writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DurableEngine } from '../../src/engine/durable/durable-engine.ts';
import { openStore } from '../../src/engine/durable/open-store.ts';
import { appendToQueue, CONSUMER, QUEUE, type QueueEvent } from './crash-queue.ts';

const [, , data = '', run = '0'] = process.argv;
/** Most publishes without an acknowledgement at the same time. */
const OUTSTANDING = 100;
const random = (below: number) => Math.floor(Math.random() * below);
// Synchronous, so that the output survives a kill.
const print = (event: QueueEvent) => writeSync(1, `${JSON.stringify(event)}\n`);

const small = Number(run) % 2 === 1 ? { full: 32 * 1024 } : {};
const engine = new DurableEngine({ data, openStore: (path, options) => openStore(path, { ...options, ...small }) });
await engine.start({ deliver: () => {} });

async function publish(): Promise<never> {
  let outstanding = 0;
  for (let n = 0; ; n++) {
    outstanding++;
    void appendToQueue(engine, `${run}-${n}`, 'x'.repeat(random(400))).then(({ offset }) => {
      outstanding--;
      print({ published: offset });
    });
    if (n % 5 === 0) await nextTurn();
    while (outstanding >= OUTSTANDING) await nextTurn();
  }
}

async function consume(consumer: number): Promise<never> {
  for (let n = 0; ; n++) {
    const request = { token: `${run}-${consumer}-${n}`, max: 1 + random(20), maxLength: 1_000_000 };
    const { deliveries } = await engine.groups.claim(QUEUE, CONSUMER, request);
    const ids = deliveries.filter(() => random(10) > 0).map(({ id }) => id);
    const offsets = ids.map((id) => Number.parseInt(id, 10));
    print({ settling: offsets });
    const type = random(20) === 0 ? 'reject' : 'ack';
    const { accepted } = await engine.groups.settle(QUEUE, CONSUMER, ids, { type });
    print({ settled: offsets.filter((_, at) => accepted[at]), dead: type === 'reject' });
    if (deliveries.length === 0) await nextTurn();
  }
}

await Promise.all([publish(), consume(1), consume(2)]);
