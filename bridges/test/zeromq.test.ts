import { describe, expect, it, onTestFinished } from 'vitest';
import { curveKeyPair, Dealer, Push, Request, Router, Subscriber, XPublisher } from 'zeromq';
import { testLossySource } from './conformance/lossy-conformance.ts';
import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import { AckingProducer } from './support/acking-producer.ts';
import { startGateway } from './support/bridge-gateway.ts';
import { freePort } from './support/broker-server.ts';
import { dataFolder } from './support/data-folder.ts';
import { guideBridges } from './support/guide.ts';
import { openPassage } from './support/silent-passage.ts';
import { receivedIn, startPeer, type ZeromqPeer } from './support/zeromq-peer.ts';

const HISTORY = { history: { count: 100_000, age: '7d' } } as const;

/** Each test has an address of its own, because the peers of a test must not answer the next one. */
const addressOf = async () => `tcp://127.0.0.1:${await freePort()}`;

testSource('ZeroMQ with a ROUTER socket', {
  skip: false,
  hasKeys: false,
  open: async () => {
    const url = await addressOf();
    const producer = new AckingProducer(url);
    return {
      bridge: { zeromq: { url, bind: true }, from: { socket: 'router' } },
      produce: async (messages) => producer.send(messages),
      unacknowledged: async () => producer.size,
      close: async () => producer.close(),
    };
  },
});

for (const socket of ['pull', 'sub']) {
  testLossySource(`ZeroMQ with a ${socket.toUpperCase()} socket`, {
    skip: false,
    start: () => startPeer(socket === 'pull' ? 'push' : 'pub'),
    open: async ({ port, control }: ZeromqPeer) => {
      const sender = new Push({ linger: 0, reconnectInterval: 20 });
      sender.connect(`tcp://127.0.0.1:${control}`);
      const topic = socket === 'pull' ? [] : ['prices.eu'];
      return {
        bridge: {
          zeromq: { url: `tcp://127.0.0.1:${port}` },
          from: { socket, ...(socket === 'sub' && { topics: ['prices.'] }) },
        },
        send: async (messages) => {
          for (const { body, headers } of messages) {
            await sender.send([...topic, ...(headers === undefined ? [] : [JSON.stringify(headers)]), body]);
          }
        },
        close: async () => sender.close(),
      };
    },
  });
}

testSink('ZeroMQ with a DEALER socket', {
  ...{ skip: false, prefix: 'ce-', deduplicates: false },
  start: () => startPeer('router'),
  open: async (server) => {
    const { port, folder } = server as ZeromqPeer;
    const before = receivedIn(folder).length;
    return {
      bridge: { zeromq: { url: `tcp://127.0.0.1:${port}` }, to: { socket: 'dealer' } },
      received: async () => receivedIn(folder).slice(before),
      close: async () => {},
    };
  },
});

describe('a ROUTER socket of a bridge', () => {
  const channels = { orders: HISTORY, dead: HISTORY };
  const bridges = (url: string, more: object = {}) => ({
    in: { zeromq: { url, bind: true, ...more }, from: { socket: 'router' }, to: { channel: 'orders' } },
  });
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
  const messages = (from: number, to: number) => numbers(from, to).map((n) => ({ body: `${n}` }));

  function produceAt(url: string): AckingProducer {
    const producer = new AckingProducer(url);
    onTestFinished(() => producer.close());
    return producer;
  }

  it('loses and repeats nothing when the gateway is restarted under load', async () => {
    const url = await addressOf();
    const durable = { engine: 'durable', durable: { data: dataFolder() } } as const;
    const producer = produceAt(url);
    const first = await startGateway({ channels, bridges: bridges(url), ...durable });
    producer.send(messages(1, 500));
    await expect.poll(async () => (await first.data('orders')).length).toBeGreaterThan(50);
    await first.close();
    producer.send(messages(501, 1_000));
    const second = await startGateway({ channels, bridges: bridges(url), ...durable });
    await producer.done();
    expect(await second.data('orders')).toEqual(numbers(1, 1_000));
  });

  it('recognises what a producer sends again that had no acknowledgement', async () => {
    const url = await addressOf();
    const gateway = await startGateway({ channels, bridges: bridges(url) });
    const gone = produceAt(url);
    gone.send(messages(1, 20));
    await expect.poll(() => gateway.data('orders')).toHaveLength(20);
    gone.close();
    const again = produceAt(url);
    again.send(messages(1, 25));
    await again.done();
    expect(await gateway.data('orders')).toEqual(numbers(1, 25));
  });

  it('answers a REQ socket with the id, and sends messages without one to the dead letters', async () => {
    const url = await addressOf();
    const poison = { deadLetter: 'dead' };
    const gateway = await startGateway({ channels, bridges: { in: { ...bridges(url).in, poison } } });
    const request = new Request({ linger: 0 });
    onTestFinished(() => request.close());
    request.connect(url);
    await request.send(['a-1', '1']);
    expect((await request.receive()).map(String)).toEqual(['a-1']);
    await request.send(['2']);
    await request.receive();
    await request.send(['a-2', 'no JSON', '2']);
    expect((await request.receive()).map(String)).toEqual(['a-2']);
    expect(await gateway.data('orders')).toEqual([1]);
    const reasons = (await gateway.messages('dead')).map(({ data }) => (data as { reason: string }).reason);
    expect(reasons[0]).toContain('the message has no id');
    expect(reasons[1]).toContain('the frame with the headers is not a JSON object');
  });

  it('accepts no frame that is larger than 16 MiB, and goes on', async () => {
    const url = await addressOf();
    const gateway = await startGateway({ channels, bridges: bridges(url) });
    const large = new Dealer({ linger: 0 });
    onTestFinished(() => large.close());
    const refused = new Promise<void>((resolve) => large.events.on('disconnect', () => resolve()));
    large.connect(url);
    void large.send(['1', Buffer.alloc(16_777_217, ' ')]);
    await refused;
    large.close();
    const request = new Request({ linger: 0 });
    onTestFinished(() => request.close());
    request.connect(url);
    await request.send(['2', '2']);
    await request.receive();
    expect(await gateway.data('orders')).toEqual([2]);
  });

  it('is encrypted with CURVE, and refuses peers that know another key', async () => {
    const url = await addressOf();
    const [server, peer, other] = [curveKeyPair(), curveKeyPair(), curveKeyPair()];
    const gateway = await startGateway({ channels, bridges: bridges(url, { secretKey: server.secretKey }) });
    const connect = (serverKey: string) => {
      const { publicKey: curvePublicKey, secretKey: curveSecretKey } = peer;
      const keys = { curvePublicKey, curveSecretKey, curveServerKey: serverKey };
      const socket = new Request({ linger: 0, ...keys });
      onTestFinished(() => socket.close());
      return socket;
    };
    const wrong = connect(other.publicKey);
    const refused = new Promise<void>((resolve) => {
      wrong.events.on('disconnect', () => resolve());
      wrong.events.on('handshake:error:protocol', () => resolve());
    });
    wrong.connect(url);
    await refused;
    const right = connect(server.publicKey);
    right.connect(url);
    await right.send(['1', '1']);
    await right.receive();
    expect(await gateway.data('orders')).toEqual([1]);
  });
});

describe('a ZeroMQ sink without acknowledgements', () => {
  const channels = { audit: HISTORY };

  it('PUSH keeps messages in the log until a peer is connected', async () => {
    const peer = await startPeer('pull');
    await peer.stop('SIGKILL');
    const url = `tcp://127.0.0.1:${peer.port}`;
    const bridges = { out: { zeromq: { url }, from: { channel: 'audit' }, to: { socket: 'push', envelope: 'raw' } } };
    const gateway = await startGateway({ channels, bridges });
    await gateway.publish('audit', 1);
    await expect.poll(async () => (await gateway.bridge('out')).state).toBe('waiting');
    expect((await gateway.bridge('out')).error).toContain(`no peer answers at ${url}`);
    await peer.restart();
    await gateway.publish('audit', 2);
    await expect.poll(() => receivedIn(peer.folder).map(({ body }) => body)).toEqual(['1', '2']);
  });

  it('PUB sends to subscribers of the topic', async () => {
    const url = await addressOf();
    const subscriber = new Subscriber({ linger: 0, reconnectInterval: 20 });
    onTestFinished(() => subscriber.close());
    subscriber.subscribe('audit/signed');
    subscriber.connect(url);
    const to = { socket: 'pub', topic: '{channel}/{event}', envelope: 'raw' };
    const gateway = await startGateway({
      channels,
      bridges: { out: { zeromq: { url, bind: true }, from: { channel: 'audit' }, to } },
    });
    const first = subscriber.receive();
    // A publisher does not know when the subscription has arrived.
    const publishing = setInterval(() => void gateway.publish('audit', 1, { event: 'signed' }), 20);
    onTestFinished(() => clearInterval(publishing));
    const [topic, headers, body] = await first;
    expect(`${topic}`).toBe('audit/signed');
    expect(JSON.parse(`${headers}`)).toMatchObject({ 'sluice-channel': 'audit', event: 'signed' });
    expect(`${body}`).toBe('1');
  });
});

it('a SUB socket notices that its publisher is silent, and connects again', async () => {
  const port = await freePort();
  const publisher = new XPublisher({ linger: 0 });
  onTestFinished(() => publisher.close());
  await publisher.bind(`tcp://127.0.0.1:${port}`);
  const passage = await openPassage(port);
  const url = `tcp://127.0.0.1:${passage.port}`;
  const from = { socket: 'sub', topics: ['prices.'] };
  const gateway = await startGateway({
    channels: { prices: HISTORY },
    bridges: { prices: { zeromq: { url }, from, to: { channel: 'prices' } } },
  });
  await publisher.receive(); // the subscription
  passage.fallSilent();
  await publisher.send(['prices.eu', '1']); // nobody notices that it does not arrive
  const sending = setInterval(() => void publisher.send(['prices.eu', '2']), 20);
  onTestFinished(() => clearInterval(sending));
  await expect.poll(async () => (await gateway.data('prices')).at(0)).toBe(2);
});

it('a bridge to a DEALER socket that has no answer ends with its gateway', async () => {
  const url = await addressOf();
  const peer = new Router({ linger: 0 });
  onTestFinished(() => peer.close());
  await peer.bind(url);
  const bridges = { out: { zeromq: { url }, from: { channel: 'audit' }, to: { socket: 'dealer' } } };
  const gateway = await startGateway({ channels: { audit: HISTORY }, bridges });
  await gateway.publish('audit', 1);
  await peer.receive();
  const start = performance.now();
  await gateway.close();
  expect(performance.now() - start).toBeLessThan(30_000); // a confirm may take a minute
});

describe('the sockets of the guide', () => {
  const bridges = guideBridges('zeromq');
  const at = (index: number, url: string) => {
    const bridge = bridges[index] as { readonly zeromq: object };
    return { ...bridge, zeromq: { ...bridge.zeromq, url } };
  };

  it('receive and send with acknowledgements', async () => {
    const [from, to] = [await addressOf(), await addressOf()];
    const consumer = new Router({ linger: 0 });
    onTestFinished(() => consumer.close());
    await consumer.bind(to);
    const gateway = await startGateway({
      channels: { 'orders:{customer}': HISTORY, audit: HISTORY, 'bridge-dead': HISTORY },
      bridges: { orders: at(0, from), audit: at(2, to) },
    });
    const producer = new Request({ linger: 0 });
    onTestFinished(() => producer.close());
    producer.connect(from);
    await producer.send(['id-1', '{"customer": "42", "type": "created"}', '{"total": 99}']);
    expect((await producer.receive()).map(String)).toEqual(['id-1']);
    expect(await gateway.messages('orders:42')).toMatchObject([{ data: { total: 99 }, event: 'created' }]);
    await gateway.publish('audit', { by: 'anna' });
    const [peer = '', id = '', headers, body] = await consumer.receive();
    await consumer.send([peer, id]);
    expect(`${id}`).toMatch(/^audit\/.+\/1$/);
    expect(JSON.parse(`${headers}`)).toMatchObject({ 'ce-subject': 'audit', 'sluice-channel': 'audit' });
    expect(`${body}`).toBe('{"by":"anna"}');
    await expect.poll(async () => (await gateway.bridge('audit')).counts.sent).toBe(1);
  });

  it('receive what is published', async () => {
    const url = await addressOf();
    const publisher = new XPublisher({ linger: 0 });
    onTestFinished(() => publisher.close());
    await publisher.bind(url);
    const gateway = await startGateway({ channels: { 'prices:{topic}': HISTORY }, bridges: { prices: at(1, url) } });
    await publisher.receive(); // the subscription
    await publisher.send(['prices.eu', '{"eur": 1}']);
    await expect.poll(() => gateway.data('prices:prices.eu')).toEqual([{ eur: 1 }]);
  });
});
