/**
 * The yardstick: uWebSockets.js with nothing around it. "+topic" joins a topic, "topic message" is published to it.
 *
 *   publish  each message by itself from setImmediate: the fastest that is known without joining messages
 *   loop     each message to each socket, one by one: what most gateways do
 */
import { loadUws } from './uws.mjs';

const PLUS = 0x2b;
const SPACE = 0x20;
const mode = process.argv[2] ?? 'publish';
const uws = await loadUws();
const sockets = new Set();
let news = [];

const app = uws.App();

function flush() {
  const messages = news;
  news = [];
  for (const message of messages) {
    if (mode === 'publish') app.publish(message.latin1Slice(0, message.indexOf(SPACE)), message, false);
    else for (const socket of sockets) socket.send(message, false);
  }
}

app.ws('/ws', {
  maxPayloadLength: 131_072,
  maxBackpressure: 1_048_576,
  idleTimeout: 960,
  sendPingsAutomatically: false,
  message: (socket, data) => {
    const bytes = Buffer.from(data);
    if (bytes[0] === PLUS) {
      socket.subscribe(bytes.latin1Slice(1));
      sockets.add(socket);
      return;
    }
    if (news.length === 0) setImmediate(flush);
    news.push(Buffer.from(bytes)); // a copy: the data is only valid in this call
  },
  close: (socket) => sockets.delete(socket),
});
process.on('message', (message) => {
  if (message !== 'collect') return;
  globalThis.gc?.();
  process.send?.({ collected: true });
});
app.listen('127.0.0.1', 0, (listening) => process.send?.({ port: uws.us_socket_local_port(listening) }));
