/**
 * A gateway in a process of its own, which tests kill: its bridges stop at the moment between the
 * two ends of a transfer. Started by killed-gateway.ts with a `StallTask`; prints `StallEvent`s.
 */
import { writeSync } from 'node:fs';
import { loadBridge } from '@sluice/bridges';
import type { ConfigInput } from '@sluice/server';
import type { BridgeHost, OutboundFeed } from '@sluice/server/bridging';
import { parseConfig } from '@sluice/server/cli-support';
import { assemble } from '../../../server/src/assemble.ts';
import { Gateway } from '../../../server/src/gateway.ts';

/** What the process is to do. */
export interface StallTask {
  readonly config: ConfigInput;
  /** Which message the bridge has brought over when it stops, without having acknowledged it. */
  readonly at: number;
  /** Messages that the process publishes itself, with the numbers from 1. */
  readonly publish?: { readonly channel: string; readonly count: number };
}

/** `started`: its URL. `stalled`: how many messages the bridge has brought over. */
export type StallEvent = { readonly started: string } | { readonly stalled: number };

const [, , task = '{}'] = process.argv;
const { config, at, publish } = JSON.parse(task) as StallTask;
const print = (event: StallEvent) => writeSync(1, `${JSON.stringify(event)}\n`);

let markPublished: () => void = () => {};
const published = new Promise<void>((resolve) => {
  markPublished = resolve;
});
let count = 0;
/** Resolves unless the message is among those that were brought over: then never. */
async function pass(messages: number): Promise<void> {
  count += messages;
  if (count < at) return;
  await published;
  print({ stalled: count });
  await new Promise(() => {});
}

const stalling = (host: BridgeHost): BridgeHost => ({
  ...host,
  publish: async (messages) => {
    const outcomes = await host.publish(messages);
    await pass(outcomes.filter((outcome) => 'result' in outcome).length);
    return outcomes;
  },
  openFeed: async (onWait) => stallingFeed(await host.openFeed(onWait)),
});

function stallingFeed(feed: OutboundFeed): OutboundFeed {
  const taken: number[] = [];
  return {
    next: async (...args) => {
      const batch = await feed.next(...args);
      taken.push(batch.messages.length);
      return batch;
    },
    // The broker has confirmed the batch.
    acknowledge: async (...args) => {
      await pass(taken.shift() ?? 0);
      return feed.acknowledge(...args);
    },
    finish: () => feed.finish(),
    close: () => feed.close(),
  };
}

process.stdin.resume().once('end', () => process.exit(1)); // the tests have ended

const bridges = async () => ({
  loadBridge: (...[bridge, host]: Parameters<typeof loadBridge>) => loadBridge(bridge, stalling(host)),
});
const gateway = new Gateway(assemble(parseConfig(config), { bridges }));
const { url } = await gateway.start();
print({ started: url });
const { channel = '', count: most = 0 } = publish ?? {};
for (let n = 1; n <= most; n++) await gateway.publish(channel, { n });
markPublished();
