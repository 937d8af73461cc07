import { Dealer, Router } from 'zeromq';
import { bodyOf, headersOf, IN_FLIGHT } from '../messages.mjs';

const LIMITS = { receiveHighWaterMark: IN_FLIGHT, sendHighWaterMark: IN_FLIGHT };

/** Sends with at most `IN_FLIGHT` messages that the peer has not acknowledged. */
export async function sendAll(url, { count, framesOf, onDone = () => {} }) {
  const socket = new Dealer(LIMITS);
  socket.connect(url);
  let next = 1;
  const sendNext = () => socket.send(framesOf(next++));
  while (next <= Math.min(count, IN_FLIGHT)) await sendNext();
  for await (const _ of socket) {
    onDone(1);
    if (next <= count) await sendNext();
  }
}

/** Acknowledges each message with its id. */
export async function acknowledgeAll(url, onDone = () => {}) {
  const socket = new Router(LIMITS);
  await socket.bind(url);
  for await (const [peer, id, ...frames] of socket) {
    JSON.parse(frames.at(-1).toString());
    await socket.send([peer, id]);
    onDone(1);
  }
}

/** Without a broker: a peer sends meanwhile, or acknowledges. */
export const zeromq = {
  title: 'ZeroMQ, acknowledged',
  peer: true,
  count: 40_000,
  bridge: (port, direction) => ({ zeromq: { url: `tcp://127.0.0.1:${port}`, bind: direction === 'in' } }),
  from: { socket: 'router' },
  to: { socket: 'dealer' },

  read: ({ port, onDone }) => acknowledgeAll(`tcp://127.0.0.1:${port}`, onDone),

  async send({ port, count, onDone }) {
    const framesOf = (n) => {
      const headers = { ...headersOf(n, 'ce-'), 'content-type': 'application/json' };
      return [`bench/${n}`, JSON.stringify(headers), bodyOf(n)];
    };
    await sendAll(`tcp://127.0.0.1:${port}`, { count, framesOf, onDone });
  },
};
