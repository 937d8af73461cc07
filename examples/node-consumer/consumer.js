// Adds up the orders of a channel, and counts each order exactly once, even if the connection is lost or
// the process or the machine crashes. README.md explains how.
import { createClient } from '@sluice/client';
import { WebSocket } from 'ws';
import { StateFile } from './state-file.js';

const {
  SLUICE_URL = 'ws://localhost:8080/ws',
  TOKEN_URL = 'http://localhost:8080/dev/token?sub=consumer',
  CHANNEL = 'orders:new',
  STATE_FILE = 'state.json',
} = process.env;

/**
 * The state of this program. The position in the channel and the result of all messages up to it are
 * saved in one step, so that neither can be newer than the other.
 *
 * @typedef {object} State
 * @property {import('@sluice/client').Position} [position] after the last order that is in the sum
 * @property {number} count
 * @property {number} total
 */

/** @type {StateFile<State>} */
const file = new StateFile(STATE_FILE);
let state = file.load({ count: 0, total: 0 });

const client = createClient({
  url: SLUICE_URL,
  // The client calls this function whenever it needs a new token.
  token: async () => {
    const response = await fetch(TOKEN_URL);
    if (!response.ok) throw new Error(`No token: ${response.status}`);
    const { token } = /** @type {{ token: string }} */ (await response.json());
    return token;
  },
  // Node 20 has no global WebSocket.
  WebSocket,
});
client.on('state', ({ state, error }) => console.error(state, error?.message ?? ''));
client.on('error', ({ name, message, cause }) =>
  console.error(`${name}: ${message}`, cause instanceof Error ? cause.message : ''),
);

// A signal ends the loop below between two orders.
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ending.abort());

/** @type {import('@sluice/client').Channel<{ amount: number }>} */
const orders = client.channel(CHANNEL);
// The first run reads the whole log. Later runs continue after the stored position.
const start = state.position === undefined ? { since: 0 } : { position: state.position };

try {
  for await (const { offset, epoch, data } of orders.messages({ ...start, onGap: reportGap, signal: ending.signal })) {
    state = { position: { epoch, offset }, count: state.count + 1, total: state.total + data.amount };
    // Not awaited: messages after the saved position are delivered again after a crash.
    file.save(state).catch(giveUp);
    console.log(`${offset}: ${data.amount}, ${state.total} in all`);
  }
} catch (error) {
  // A permanent refusal, e.g. because the channel does not exist: an operator must fix it.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
client.close();
await file.save(state);

/**
 * The log no longer has all messages from the time this program was down. This example reports the gap
 * and continues after it. A program with another source (a database, an export) reads the missing orders there.
 *
 * @param {import('@sluice/client').Gap} gap
 */
function reportGap({ from, lost, reason }) {
  console.error(`Lost ${lost ?? 'an unknown number of'} orders after offset ${from.offset}: ${reason}`);
}

/** @param {unknown} error */
function giveUp(error) {
  console.error('The state cannot be saved:', error);
  process.exitCode = 1;
  ending.abort();
}
