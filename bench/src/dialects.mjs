/**
 * What the load generator says to each kind of server: the frames that open a connection and
 * subscribe it (`channel` is `null` for the publisher), and the frame that publishes a payload.
 */
import { textFrame } from './wire.mjs';

/** Servers that join messages per connection: subscribers differ by frame heads, and a smaller loss is not noticed. */
const PER_CONNECTION = 0.02;

const json = (value) => textFrame(JSON.stringify(value));

export const dialects = {
  bare: {
    hello: ({ channel }) => (channel === null ? [] : [textFrame(`+${channel}`)]),
    publish: ({ channel, payload }) => textFrame(`${channel} ${payload}`),
  },
  sluice: {
    hello: ({ token, channel }) => [
      json([{ type: 'connect', id: 1, token }, ...(channel === null ? [] : [{ type: 'subscribe', id: 2, channel }])]),
    ],
    publish: ({ channel, payload, id }) =>
      textFrame(`{"type":"publish","id":${id},"channel":"${channel}","data":"${payload}"}`),
  },
  /** https://centrifugal.dev/docs/transports/client_protocol: JSON commands, one per line. */
  centrifugo: {
    path: '/connection/websocket',
    tolerance: PER_CONNECTION,
    hello: ({ channel }) => [
      json({ id: 1, connect: {} }),
      ...(channel === null ? [] : [json({ id: 2, subscribe: { channel } })]),
    ],
    publish: ({ channel, payload, id }) =>
      textFrame(`{"id":${id},"publish":{"channel":"${channel}","data":"${payload}"}}`),
  },
  /** https://docs.nats.io/reference/reference-protocols/nats-protocol, in WebSocket frames. */
  nats: {
    tolerance: PER_CONNECTION,
    hello: ({ channel }) => [
      textFrame('CONNECT {"verbose":false,"pedantic":false}\r\n'),
      ...(channel === null ? [] : [textFrame(`SUB ${channel} 1\r\n`)]),
    ],
    publish: ({ channel, payload }) => textFrame(`PUB ${channel} ${payload.length}\r\n${payload}\r\n`),
  },
  /** Engine.IO and Socket.IO packets, version 4. The server joins the room that the query names. */
  'socket.io': {
    path: '/socket.io/?EIO=4&transport=websocket',
    query: (channel) => (channel === null ? '' : `&room=${encodeURIComponent(channel)}`),
    hello: () => [textFrame('40')],
    publish: ({ channel, payload }) => textFrame(`42["publish","${channel}","${payload}"]`),
  },
};
