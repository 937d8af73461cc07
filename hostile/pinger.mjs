// A healthy client in a process of its own, so that its figures are not those of the attacker's event loop.
// Arguments: URL, token. It writes one line of JSON per second: pings answered, and the milliseconds that each took.
import { performance } from 'node:perf_hooks';
import WebSocket from 'ws';

const [url = '', token = ''] = process.argv.slice(2);
const EVERY = 10;
const socket = new WebSocket(url, ['sluice.v1.json']);
let id = 1;
let asked = 0;
let took = /** @type {number[]} */ ([]);
// How late this process itself is: what it measures is never better than that.
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
socket.on('error', () => {}); // the close event says it
setInterval(() => {
  process.stdout.write(
    `${JSON.stringify({ took: took.map((ms) => Math.round(ms * 10) / 10), late: Math.round(late) })}\n`,
  );
  took = [];
  late = 0;
}, 1000);
