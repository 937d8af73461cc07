import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import rhea, { type Connection, type Container, type Delivery, type EventContext } from 'rhea';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ActiveMqSink } from '../src/activemq/activemq-sink.ts';
import { ActiveMqSource } from '../src/activemq/activemq-source.ts';
import type { SinkRecord } from '../src/sink.ts';

// Its types describe the default container as the module.
const client = rhea as unknown as Container;

/** A broker that does what a test says, for failures that a real one does not have when a test wants them. */
async function startBroker(prepare: (server: Container) => void, user = '') {
  const server = client.create_container();
  const connections = new Set<Connection>();
  server.on('connection_open', ({ connection }: EventContext) => void connections.add(connection));
  for (const event of ['disconnected', 'connection_error', 'error']) server.on(event, () => {});
  prepare(server);
  const byHand = { autoaccept: false, credit_window: 0 };
  const listener = server.listen({ ...byHand, port: 0, host: '127.0.0.1' });
  await once(listener, 'listening');
  onTestFinished(() => {
    for (const connection of connections) connection.close();
    listener.close();
  });
  return `amqp://${user}127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

const commonOf = (url: string) => ({
  ...{ name: 'b', system: 'activemq', connection: { url }, origin: 'sluice', inFlight: 2 },
});

const recordOf = (offset: number): SinkRecord => ({
  ...{ id: `audit/e/${offset}`, channel: 'audit', epoch: 'e', offset, event: undefined, tags: {} },
  ...{ headers: {}, contentType: 'application/json', body: Buffer.from(`${offset}`) },
});

async function openSink(url: string) {
  const config: OutboundBridge = {
    ...{ ...commonOf(url), direction: 'out', from: { channel: 'audit' }, envelope: 'raw' },
    to: { address: 'audit', type: 'queue', group: '{channel}' },
  };
  const sink = await new ActiveMqSink(client, config).open();
  onTestFinished(() => sink.close());
  return sink;
}

async function openSource(url: string) {
  const config: InboundBridge = {
    ...{ ...commonOf(url), direction: 'in', dedupe: 60_000, poison: { kind: 'stop' } },
    ...{ from: { queue: 'orders', ids: 'required' }, to: { channel: 'a', data: 'json' } },
  };
  const source = await new ActiveMqSource(client, config).open();
  onTestFinished(() => source.close());
  return source;
}

/** Accepts links of a sender, with some credit, and decides about each message by hand. */
function acceptSenders(server: Container, credit: number, decide: (context: EventContext) => void): void {
  server.on('receiver_open', ({ receiver }: EventContext) => {
    receiver?.add_credit(credit);
  });
  server.on('message', decide);
}

describe('a bridge to ActiveMQ', () => {
  it.each<[string, (delivery: Delivery) => void, string]>([
    ['rejects', (delivery) => delivery.reject({ condition: 'full', description: 'too large' }), 'rejected'],
    ['releases', (delivery) => delivery.release(), 'released'],
    ['modifies', (delivery) => delivery.modified({ delivery_failed: true, undeliverable_here: true }), 'released'], // as the client reports it
  ])('fails if the broker %s a message', async (_, decide, outcome) => {
    const url = await startBroker((server) =>
      acceptSenders(server, 100, ({ delivery, message }) => {
        if (delivery === undefined) return;
        if (message?.message_id === 'audit/e/2') decide(delivery);
        else delivery.accept();
      }),
    );
    const sink = await openSink(url);
    await sink.send([recordOf(1)]);
    await expect(sink.send([recordOf(2)])).rejects.toThrow(`the broker has ${outcome}`);
  });

  it('fails if the connection is lost before all messages are confirmed', async () => {
    const url = await startBroker((server) =>
      acceptSenders(server, 100, ({ delivery, message, connection }) => {
        if (message?.message_id === 'audit/e/1') delivery?.accept();
        else connection.close({ condition: 'amqp:internal-error', description: 'the broker has failed' });
      }),
    );
    const sink = await openSink(url);
    await expect(sink.send([recordOf(1), recordOf(2)])).rejects.toThrow('the broker has failed');
    await expect(sink.send([recordOf(3)])).rejects.toThrow('the broker has failed');
  });

  it('waits for credit, and drops nothing', async () => {
    const seen: unknown[] = [];
    const url = await startBroker((server) =>
      acceptSenders(server, 1, ({ delivery, message, receiver }) => {
        seen.push(message?.message_id);
        delivery?.accept();
        receiver?.add_credit(1);
      }),
    );
    await (await openSink(url)).send([1, 2, 3, 4].map(recordOf));
    expect(seen).toEqual([1, 2, 3, 4].map((offset) => `audit/e/${offset}`));
  });

  it('ends a send that waits when it is closed', async () => {
    const url = await startBroker((server) => acceptSenders(server, 0, () => {}));
    const sink = await openSink(url);
    const sent = expect(sink.send([recordOf(1)])).rejects.toThrow('the connection was closed');
    await sink.close();
    await sent;
  });
});

describe('a bridge from ActiveMQ', () => {
  it('fails with the reason if the broker refuses the queue', async () => {
    const url = await startBroker((server) =>
      server.on('sender_open', ({ sender }: EventContext) => {
        sender?.close({ condition: 'amqp:not-found', description: 'there is no queue "orders"' });
      }),
    );
    const reading = async () => (await openSource(url)).read(10);
    await expect(reading()).rejects.toThrow('there is no queue "orders"');
  });

  it('has at most inFlight messages, until it acknowledges some', async () => {
    const url = await startBroker((server) =>
      server.once('sendable', ({ sender }: EventContext) => {
        for (let n = 1; n <= 10; n++) sender?.send({ message_id: `${n}`, body: `${n}` });
      }),
    );
    const source = await openSource(url);
    const first = [...(await source.read(10))];
    while (first.length < 2) first.push(...(await source.read(10)));
    expect(first.map(({ once }) => once)).toEqual([{ id: '1' }, { id: '2' }]);
    await source.acknowledge(first.slice(0, 1));
    expect((await source.read(10)).map(({ once }) => once)).toEqual([{ id: '3' }]);
  });

  it('does not name the password if it is wrong', async () => {
    const prepare = (server: Container) => {
      server.sasl_server_mechanisms.enable_plain(() => false);
    };
    const url = await startBroker(prepare, 'sluice:a-secret@');
    const failure = await openSource(url).catch((error: Error) => error.message);
    expect(failure).toMatch(/auth/i);
    expect(failure).not.toContain('a-secret');
  });
});
