// Adds up the orders of a channel, and never counts one twice or forgets one: not when the connection is lost, and not when
// this process or its machine dies. README.md tells how.
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
 * What this program knows. The position in the channel and what was made of the messages up to there are saved together,
 * in one step: so one can never be newer than the other.
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
  // A function: it is called again whenever a new token is needed.
  token: async () => {
    const response = await fetch(TOKEN_URL);
    if (!response.ok) throw new Error(`No token: ${response.status}`);
    const { token } = /** @type {{ token: string }} */ (await response.json());
    return token;
  },
  // Node 20 has no WebSocket of its own.
  WebSocket,
});
client.on('state', ({ state, error }) => console.error(state, error?.message ?? ''));
client.on('error', ({ name, message, cause }) =>
  console.error(`${name}: ${message}`, cause instanceof Error ? cause.message : ''),
);

// A signal to end ends the loop below between two orders.
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ending.abort());

/** @type {import('@sluice/client').Channel<{ amount: number }>} */
const orders = client.channel(CHANNEL);
// The first time: everything that the log holds. Later: whatever came after the stored position.
const start = state.position === undefined ? { since: 0 } : { position: state.position };

try {
  for await (const { offset, epoch, data } of orders.messages({ ...start, onGap: tell, signal: ending.signal })) {
    state = { position: { epoch, offset }, count: state.count + 1, total: state.total + data.amount };
    // Not awaited: it may lag behind, for what comes after the saved position comes again after a crash.
    file.save(state).catch(giveUp);
    console.log(`${offset}: ${data.amount}, ${state.total} in all`);
  }
} catch (error) {
  // Refused for good, e.g. because the channel does not exist: only a person can help.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
client.close();
await file.save(state);

/**
 * The log does not hold all that came while this program was away. Nothing can be done here but to say so, and to go on
 * after it; a program that has another source (a database, an export) reads the missing orders there.
 *
 * @param {import('@sluice/client').Gap} gap
 */
function tell({ from, lost, reason }) {
  console.error(`Lost ${lost ?? 'an unknown number of'} orders after offset ${from.offset}: ${reason}`);
}

/** @param {unknown} error */
function giveUp(error) {
  console.error('The state cannot be saved:', error);
  process.exitCode = 1;
  ending.abort();
}
