/** The measured process: a gateway with one bridge, or the client of the broker alone. */
import { createGateway } from '@sluice/server';
import { bodyOf, CHANNEL } from './messages.mjs';
import { Meter } from './meter.mjs';
import { loadSystem } from './systems.mjs';

const API_KEY = 'key-of-a-gateway-that-lives-for-a-benchmark';
/** Milliseconds between two looks at a bridge: each costs about as much as fifty messages. */
const LOOK = 200;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs the client alone. */
function playBare({ system, direction, port, count }) {
  const meter = new Meter(count);
  let done = 0;
  return new Promise((resolve, reject) => {
    const onDone = (more) => {
      done += more;
      meter.note(done);
      if (done >= count) resolve(meter.result);
    };
    const play = direction === 'in' ? system.read : system.send;
    play.call(system, { port, count, onDone }).catch(reject);
  });
}

async function startGateway({ system, direction, port, count, engine, data }) {
  const { bridge, from, to } = system;
  const ends = direction === 'in' ? { from, to: { channel: CHANNEL } } : { from: { channel: CHANNEL }, to };
  const gateway = createGateway({
    ...{ host: '127.0.0.1', port: 0, drain: 0, anonymous: true, log: { level: 'warn' } },
    ...(engine === 'durable' && { engine, durable: { data } }),
    apiKeys: [{ name: 'bench', secret: API_KEY }],
    channels: { [CHANNEL]: { history: { count: Math.max(count, 1_000), age: '1h' } } },
    bridges: { bench: { ...bridge(port, direction), ...ends } },
  });
  const { url } = await gateway.start();
  const status = async () => {
    const response = await fetch(`${url}/api/v1/bridges`, { headers: { authorization: `Bearer ${API_KEY}` } });
    return (await response.json()).bridges[0];
  };
  return { gateway, status };
}

async function playBridge(options) {
  const { direction, count } = options;
  const { gateway, status } = await startGateway(options);
  const meter = new Meter(count);
  if (direction === 'out') {
    while ((await status()).state !== 'running') await pause(LOOK);
    await Promise.all(Array.from({ length: count }, (_, at) => gateway.publish(CHANNEL, JSON.parse(bodyOf(at + 1)))));
  }
  for (;;) {
    const { counts, error } = await status();
    if (error !== null) throw new Error(`the bridge has failed: ${error}`);
    const done = counts[direction === 'in' ? 'published' : 'sent'] ?? 0;
    meter.note(done);
    if (done >= count) return meter.result;
    await pause(LOOK);
  }
}

// A benchmark that was interrupted leaves nothing behind.
process.once('disconnect', () => process.exit());
process.once('message', async ({ play }) => {
  const options = { ...play, system: await loadSystem(play.system) };
  process.send({ played: await (play.way === 'bare' ? playBare(options) : playBridge(options)) });
});
