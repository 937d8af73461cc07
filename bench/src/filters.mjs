import { Client, paced, until } from './clients.mjs';
import { cpuTimes } from './processes.mjs';
import { textFrame } from './wire.mjs';

const CHANNEL = 'bench:filters';
/** Subscriptions of one channel on one connection. SPEC.md section 4.3. */
const PER_CONNECTION = 15;
/** Seconds until the compilers of both processes are done. */
const WARM_UP = 3;

const symbol = (n) => ({ tags: { symbol: `S${n}` } });
const percentile = (values, share) => values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;

/** Connections that hold one subscription for each of the filters that no message matches. */
async function openIdle(port, filters) {
  const clients = [];
  for (let first = 1; first < filters; first += PER_CONNECTION) {
    const count = Math.min(PER_CONNECTION, filters - first);
    const commands = Array.from({ length: count }, (_, at) => ({
      ...{ type: 'subscribe', id: 2 + at, channel: CHANNEL, sub: 1 + at, filter: symbol(first + at) },
    }));
    clients.push(await Client.connect(port, commands, `idle${first}`, { counting: true }));
  }
  await until(() => clients.every(({ bytes }) => bytes > 400));
  return clients;
}

/** Sluice: a filter is a part of the subscription. */
const sluice = {
  async open(port, { distinct, readers, onData }) {
    await openIdle(port, distinct);
    const subscribe = { type: 'subscribe', id: 2, channel: CHANNEL, ...(distinct === 0 ? {} : { filter: symbol(0) }) };
    const reading = await Promise.all(Array.from({ length: readers }, () => Client.connect(port, [subscribe])));
    const publisher = await Client.connect(port, []);
    await until(() => reading.every(({ replies }) => replies === 2));
    for (const client of reading) client.onMessage = ({ data }) => onData(data);
    let id = 10;
    const frame = () =>
      textFrame(JSON.stringify({ type: 'publish', id: ++id, channel: CHANNEL, data: payload(), ...symbol(0) }));
    return {
      send: (count) => publisher.write(Buffer.concat(Array.from({ length: count }, frame))),
      holes: () => reading.reduce((sum, client) => sum + client.holes + client.gaps, 0),
    };
  },
};

const payload = () => ({ t: Math.round(performance.now() * 10) / 10, pad: 'x'.repeat(100) });

/** NATS: what is filtered by must be a part of the subject. */
const nats = {
  async open(port, { distinct, readers, onData }) {
    const { connect } = await import('@nats-io/transport-node');
    const link = () => connect({ servers: `127.0.0.1:${port}`, reconnect: false, noAsyncTraces: true });
    const idle = await link();
    for (let n = 1; n < distinct; n++) idle.subscribe(`bench.S${n}`, { callback: () => {} });
    await idle.flush();
    for (let n = 0; n < readers; n++) {
      const reader = await link();
      reader.subscribe('bench.S0', { callback: (_, message) => onData(message.json()) });
      await reader.flush();
    }
    const publisher = await link();
    return {
      send(count) {
        for (let n = 0; n < count; n++) publisher.publish('bench.S0', JSON.stringify(payload()));
      },
      holes: () => 0,
    };
  },
};

/** Exchanges of RabbitMQ, by type: what a queue is bound with, and what a message is published with. */
const EXCHANGES = {
  topic: { binding: (n) => [`bench.S${n}`, {}], message: ['bench.S0', {}] },
  headers: {
    binding: (n) => ['', { 'x-match': 'all', symbol: `S${n}` }],
    message: ['', { headers: { symbol: 'S0' } }],
  },
};

/** RabbitMQ: a queue for each reader, and one that all the other bindings lead to. */
const rabbitmq = {
  async open(port, { exchange, distinct, readers, onData }) {
    const { connect } = await import('amqplib');
    const { binding, message } = EXCHANGES[exchange];
    const link = async () => {
      const connection = await connect(`amqp://guest:guest@127.0.0.1:${port}`, { noDelay: true });
      return connection.createChannel();
    };
    const queueOf = async (channel, filters) => {
      const { queue } = await channel.assertQueue('', { exclusive: true });
      for (const n of filters) await channel.bindQueue(queue, 'bench', ...binding(n));
      return queue;
    };
    const publisher = await link();
    await publisher.assertExchange('bench', exchange, { durable: false });
    await queueOf(
      publisher,
      Array.from({ length: distinct - 1 }, (_, n) => n + 1),
    );
    for (let n = 0; n < readers; n++) {
      const reader = await link();
      const queue = await queueOf(reader, [0]);
      await reader.consume(queue, ({ content }) => onData(JSON.parse(content.toString())), { noAck: true });
    }
    const [key, options] = message;
    return {
      send(count) {
        for (let n = 0; n < count; n++)
          publisher.publish('bench', key, Buffer.from(JSON.stringify(payload())), options);
      },
      holes: () => 0,
    };
  },
};

const SYSTEMS = { sluice, nats, rabbitmq };

/**
 * Every message goes to the same few readers, whatever number of other filters the channel has.
 *
 * @param filters distinct filters; 0: the readers have none
 */
export async function filters({
  system = 'sluice',
  exchange,
  port,
  server,
  filters: distinct,
  readers,
  rate,
  seconds,
}) {
  const latencies = [];
  let received = 0;
  const onData = ({ t }) => {
    received++;
    latencies.push(performance.now() - t);
  };
  const { send, holes } = await SYSTEMS[system].open(port, { exchange, distinct, readers, onData });
  let sent = await paced(rate, WARM_UP, send);
  await until(() => received === sent * readers);
  latencies.length = 0;
  received = 0;
  const before = cpuTimes({ pid: server });
  sent = await paced(rate, seconds, send);
  await until(() => received === sent * readers);
  const after = cpuTimes({ pid: server });
  const perMillion = (used) => (used / (sent * readers)) * 1e6;
  return {
    deliveriesPerSecond: (sent * readers) / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    userPerMillion: perMillion(after.user - before.user),
    cpuPerMillion: perMillion(after.user - before.user + after.system - before.system),
    holes: holes(),
  };
}
