/**
 * A peer of the bridges' ZeroMQ sockets in a process of its own: `zeromq-peer.mjs <kind> <port> <folder>
 * <control port>`.
 *
 * - `router`: appends what it receives to a file, and acknowledges it then. `pull`, `sub`: without acknowledgement
 * - `push`, `pub`: sends on what it gets at the control port, once somebody listens
 */
import { fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Pull, Push, Router, XPublisher } from 'zeromq';

const [kind, port, folder, control] = process.argv.slice(2);
const address = `tcp://127.0.0.1:${port}`;

/** Appends a message as a line of JSON. */
function keep(file, [headers, body]) {
  writeSync(file, `${JSON.stringify({ headers: JSON.parse(`${headers}`), body: `${body}` })}\n`);
  fsyncSync(file);
}

async function receive(socket) {
  const file = openSync(join(folder, 'received'), 'a');
  await socket.bind(address);
  for await (const frames of socket) {
    keep(file, frames.slice(-2));
    if (kind === 'router') await socket.send(frames.slice(0, 2));
  }
}

async function passOn() {
  const from = new Pull();
  await from.bind(`tcp://127.0.0.1:${control}`);
  const to = kind === 'pub' ? new XPublisher({ sendHighWaterMark: 0 }) : new Push();
  await to.bind(address);
  if (kind === 'pub') await to.receive(); // the first subscription
  for await (const frames of from) await to.send(frames);
}

await (kind === 'router' ? receive(new Router()) : kind === 'pull' ? receive(new Pull()) : passOn());
