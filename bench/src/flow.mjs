/** Messages that are worked on: published, delivered and acknowledged, or asked and answered, by any server. */
import { paced } from './clients.mjs';

const percentile = (values, share) => values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;

/** 100 bytes of data in each message, besides the time at which it was sent. */
export const PAD = 'x'.repeat(100);

/** Resolves after the given seconds. */
const after = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/**
 * Loads a flow, either with a number of messages that are on their way at any time (`window`), or with
 * a number per second (`rate`).
 *
 * @param open connects: `(options) => { send(count), close() }`. `options.onDone(time)` is called for
 *   each message that is done, with the time at which it was sent (`performance.now()`), and `options.onRefused()`
 *   for each that the server refused, because it had too many
 */
export async function measureFlow(open, { seconds, window, rate, warmUp = 2, ...options }) {
  const latencies = [];
  let done = 0;
  let refused = 0;
  let isMeasured = false;
  let isRunning = true;
  let free = 0;
  const refill = () => {
    const count = free;
    free = 0;
    if (isRunning) flow.send(count);
  };
  const end = () => {
    // What is done in one turn is sent again together, as it arrived together.
    if (rate === undefined && ++free === 1) queueMicrotask(refill);
  };
  const onDone = (sent) => {
    done++;
    if (isMeasured) latencies.push(performance.now() - sent);
    end();
  };
  const onRefused = () => {
    refused++;
    end();
  };
  const flow = await open({ ...options, onDone, onRefused });
  try {
    if (rate === undefined) flow.send(window);
    else void paced(rate, warmUp + seconds, (count) => isRunning && flow.send(count));
    await after(warmUp);
    isMeasured = true;
    const before = done;
    const start = performance.now();
    await after(seconds);
    const elapsed = (performance.now() - start) / 1000;
    const count = done - before;
    return {
      perSecond: count / elapsed,
      done: count,
      refused,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
    };
  } finally {
    isRunning = false;
    await flow.close();
  }
}
