// A healthy client in a separate process, so that its figures do not include the attacker's event loop.
// Arguments: URL, token. Writes one line of JSON per second: the answered pings and their milliseconds.
import { performance } from 'node:perf_hooks';
import WebSocket from 'ws';

const [url = '', token = ''] = process.argv.slice(2);
const EVERY = 10;
const socket = new WebSocket(url, ['sluice.v1.json']);
let id = 1;
let asked = 0;
let took = /** @type {number[]} */ ([]);
// How late this process itself is: its measurements are never better than that.
let late = 0;

const ping = () => {
  asked = performance.now();
  socket.send(JSON.stringify({ type: 'ping', id: ++id }));
};
socket.on('open', () => socket.send(JSON.stringify({ type: 'connect', id, token })));
socket.on('message', () => {
  if (asked > 0) took.push(performance.now() - asked);
  const due = performance.now() + EVERY;
  setTimeout(() => {
    late = Math.max(late, performance.now() - due);
    ping();
  }, EVERY);
});
socket.on('close', (code, reason) => {
  process.stdout.write(`${JSON.stringify({ closed: code, reason: reason.toString() })}\n`);
  process.exit(1);
});
socket.on('error', () => {}); // the close event reports it
setInterval(() => {
  process.stdout.write(
    `${JSON.stringify({ took: took.map((ms) => Math.round(ms * 10) / 10), late: Math.round(late) })}\n`,
  );
  took = [];
  late = 0;
}, 1000);
