import { AckingProducer } from '../../../../bridges/test/support/acking-producer.ts';
import { freePort } from '../../../../bridges/test/support/broker-server.ts';
import { receivedIn, startPeer, type ZeromqPeer } from '../../../../bridges/test/support/zeromq-peer.ts';
import { type SoakSystem, sentOf } from './system.ts';

/** A producer for the ROUTER socket of a bridge, and a peer for its DEALER socket, which is killed. */
export const zeromqSoak: SoakSystem = {
  broker: { skip: false, start: () => startPeer('router') },
  ...{ kill: 'SIGKILL', deduplicates: false },
  open: async (server) => {
    const { port, folder } = server as ZeromqPeer;
    const url = `tcp://127.0.0.1:${await freePort()}`;
    const producer = new AckingProducer(url);
    return {
      connection: { zeromq: { url: `tcp://127.0.0.1:${port}` } },
      inboundConnection: { zeromq: { url, bind: true } },
      from: { socket: 'router' },
      to: { socket: 'dealer', envelope: 'raw' },
      key: '{header:key}',
      produce: async (messages) => {
        producer.send(messages.map(({ key, body }) => ({ body, headers: { key } })));
        await producer.done();
      },
      sent: async () => receivedIn(folder).map(({ headers, body }) => sentOf(headers, body)),
      close: async () => producer.close(),
    };
  },
};
