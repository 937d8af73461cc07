import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import {
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  type StreamConfig,
} from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { InboundBridge } from '@sluice/server/bridging';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { natsSystem } from '../src/nats/nats-system.ts';
import type { OpenSource, SourceRecord } from '../src/source.ts';
import { startGateway } from './support/bridge-gateway.ts';
import { BrokerServer } from './support/broker-server.ts';
import { dataFolder } from './support/data-folder.ts';
import { guideText } from './support/guide.ts';
import { NATS, startNats } from './support/nats-broker.ts';
import { missing } from './support/programs.ts';
import { TestSourceHost } from './support/source-host.ts';

const skip = missing(NATS, 'there is no nats-server; apt-get install nats-server');
const IN_FLIGHT = 4;

/** What a test does with a stream. */
interface Rig {
  readonly host: TestSourceHost;
  readonly manager: JetStreamManager;
  readonly url: string;
  produce(from: number, to: number, subject?: string): Promise<void>;
  open(more?: object): Promise<OpenSource>;
}

async function rigFor(
  server: BrokerServer,
  { url = `nats://127.0.0.1:${server.port}`, ...config }: Partial<StreamConfig> & { name: string; url?: string },
): Promise<Rig> {
  const { name } = config;
  const client = await connectTo(url);
  const manager = await jetstreamManager(client);
  const producer: JetStreamClient = jetstream(client);
  await manager.streams.add({ subjects: [`${name}.*`], ...config });
  const host = new TestSourceHost();
  return {
    ...{ host, manager, url },
    produce: async (from, to, subject = 'a') => {
      for (let n = from; n <= to; n++) await producer.publish(`${name}.${subject}`, `${n}`);
    },
    open: async (more = {}) => {
      const from = { stream: name, consumer: 'sluice', start: 'oldest', ...more };
      const bridge = { name: 'in', connection: { url }, from, inFlight: IN_FLIGHT };
      const source = await (await natsSystem.loadSource?.(bridge as unknown as InboundBridge, host))?.open();
      if (source === undefined) throw new Error('there is no source');
      onTestFinished(() => source.close());
      return source;
    },
  };
}

async function connectTo(url: string) {
  const { host, username, password } = new URL(url);
  const credentials = username === '' ? {} : { user: username, pass: password };
  const client = await connect({ servers: host, maxReconnectAttempts: -1, reconnectTimeWait: 20, ...credentials });
  onTestFinished(() => client.close());
  return client;
}

const textOf = ({ body }: SourceRecord): string => new TextDecoder().decode(body);

/** Reads until the record with a text. */
async function readUntil(source: OpenSource, last: string, most = 1_000): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  while (records.map(textOf).at(-1) !== last) records.push(...(await source.read(most)));
  return records;
}

/** Reads and acknowledges until the record with a text. */
async function publishUntil(source: OpenSource, last: string): Promise<SourceRecord[]> {
  const all: SourceRecord[] = [];
  while (all.map(textOf).at(-1) !== last) {
    const records = await source.read(IN_FLIGHT);
    await source.acknowledge(records);
    all.push(...records);
  }
  return all;
}

const partitionsOf = (records: readonly SourceRecord[]) =>
  new Set(records.map(({ once }) => ('partition' in once ? once.partition : undefined)));

describe.skipIf(skip)('a bridge from NATS', () => {
  let server: BrokerServer;
  beforeAll(async () => {
    server = await startNats();
  });

  it('reads again what it has not published, although the server takes it for acknowledged', async () => {
    const { open, produce, host } = await rigFor(server, { name: 'latest', max_msgs_per_subject: 1 });
    for (const subject of ['a', 'b', 'c']) await produce(1, 1, subject);
    const first = await open();
    let count = 0;
    while (count < 3) count += (await first.read(3)).length;
    await produce(2, 2, 'c'); // which removes a message that was delivered
    await first.close();
    const records = await readUntil(await open(), '2');
    expect(records.map(({ subject }) => subject)).toEqual(['latest.a', 'latest.b', 'latest.c']);
    expect(host.lost).toBe(0); // the bridge had not begun when it was stored
  });

  it('reads again what was published since its latest note if the gateway was killed', async () => {
    const { open, produce, host } = await rigFor(server, { name: 'killed' });
    await produce(1, 5);
    await publishUntil(await open(), '5');
    host.isKilled = true;
    await produce(6, 6);
    const positions = (await readUntil(await open(), '6')).map(({ once }) => 'position' in once && once.position);
    expect(positions).toEqual(['1', '2', '3', '4', '5', '6']); // the engine recognises what it has
  });

  it('counts what the stream has removed that was delivered and not published', async () => {
    const { open, produce, host } = await rigFor(server, { name: 'rolling', max_msgs: 5 });
    const first = await open();
    await produce(1, 4);
    const published = await readUntil(first, '2', 2);
    await first.acknowledge(published);
    await produce(5, 200);
    await first.close();
    expect((await readUntil(await open(), '200')).map(textOf)).toEqual(['196', '197', '198', '199', '200']);
    expect(host.lost).toBe(193);
  });

  it('counts what the stream removes before it is read, while it is connected', async () => {
    const { open, produce, host } = await rigFor(server, { name: 'overtaken', max_msgs: 5 });
    const source = await open();
    await produce(1, 200);
    const read = await publishUntil(source, '200');
    expect(read.length).toBeLessThan(200);
    expect(read.length + host.lost).toBe(200);
    await source.close();
    const again = await open();
    await produce(201, 201);
    await publishUntil(again, '201');
    expect(read.length + host.lost).toBe(200);
  });

  it('counts at least what the stream removes of its subject, and nothing if it is in time', async () => {
    const { open, produce, host } = await rigFor(server, { name: 'mixed', max_msgs: 10 });
    const source = await open({ subject: 'mixed.a' });
    for (let n = 1; n <= 20; n++) {
      await produce(n, n, 'b');
      await produce(n, n, 'a');
      await publishUntil(source, `${n}`);
    }
    expect(host.lost).toBe(0);
    for (let n = 21; n <= 120; n++) {
      await produce(n, n, 'b');
      await produce(n, n, 'a');
    }
    const read = await publishUntil(source, '120');
    expect(read.length).toBeLessThan(100);
    expect(read.length + host.lost).toBeGreaterThanOrEqual(100);
    expect(host.lost).toBeLessThanOrEqual(200);
  });

  it('counts what the stream has removed once, however often it connects', async () => {
    const { open, produce, host } = await rigFor(server, { name: 'quiet', max_msgs: 3 });
    const first = await open({ subject: 'quiet.a' });
    await produce(1, 1, 'a');
    await publishUntil(first, '1');
    await first.close();
    await produce(1, 10, 'b');
    for (let connection = 1; connection <= 3; connection++) await (await open({ subject: 'quiet.a' })).close();
    expect(host.lost).toBe(7); // of the other subject, which nobody can tell
    await produce(11, 12, 'b');
    await (await open({ subject: 'quiet.a' })).close();
    expect(host.lost).toBe(9);
  });

  it('does not count what was missing before it began, also if the connection is lost meanwhile', async () => {
    const { open, produce, host } = await rigFor(server, { name: 'holes', max_msgs_per_subject: 1 });
    for (let n = 1; n <= 10; n++) for (const subject of ['a', 'b', 'c']) await produce(n, n, subject);
    await produce(11, 11, 'b');
    const first = await open();
    await first.acknowledge(await first.read(1));
    await first.close();
    const second = await open();
    await publishUntil(second, '11');
    expect(host.lost).toBe(0);
    await second.close();
    await produce(12, 14, 'a');
    await publishUntil(await open(), '14');
    expect(host.lost).toBe(2);
  });

  it('reads a stream that was made again from its beginning, also with "newest"', async () => {
    const { open, produce, manager } = await rigFor(server, { name: 'again' });
    await produce(1, 3);
    const first = await open({ start: 'newest' });
    await produce(4, 5);
    const before = await publishUntil(first, '5');
    expect(before.map(textOf)).toEqual(['4', '5']);
    await first.close();
    await manager.streams.delete('again');
    await manager.streams.add({ name: 'again', subjects: ['again.*'] });
    await produce(6, 7);
    const after = await publishUntil(await open({ start: 'newest' }), '7');
    expect(after.map(textOf)).toEqual(['6', '7']);
    expect(partitionsOf(after)).not.toEqual(partitionsOf(before));
  });

  it('goes on where it was if the server has lost its consumer, with "newest"', async () => {
    const { open, produce, manager } = await rigFor(server, { name: 'lost-consumer' });
    await produce(1, 2);
    const first = await open({ start: 'newest' });
    await produce(3, 4);
    await publishUntil(first, '4');
    await first.close();
    for await (const { name } of manager.consumers.list('lost-consumer')) {
      await manager.consumers.delete('lost-consumer', name);
    }
    await produce(5, 6);
    expect((await publishUntil(await open({ start: 'newest' }), '6')).map(textOf)).toEqual(['5', '6']);
  });

  it('goes on behind the acknowledgements of the consumer if nothing was noted', async () => {
    const { open, produce, host } = await rigFor(server, { name: 'upgraded' });
    await produce(1, 3);
    const first = await open();
    const before = await publishUntil(first, '3');
    await first.close();
    host.notes.clear();
    await produce(4, 4);
    const after = await publishUntil(await open(), '4');
    expect(after.map(textOf)).toEqual(['4']);
    expect(partitionsOf(after)).toEqual(partitionsOf(before));
  });

  it('has nothing lost of a stream that removes what was acknowledged', async () => {
    const config = { name: 'interest', retention: RetentionPolicy.Interest };
    const { open, produce, host, manager } = await rigFor(server, config);
    const first = await open();
    await produce(1, 6);
    await publishUntil(first, '6');
    expect((await manager.streams.info('interest')).state.first_seq).toBe(7);
    host.isKilled = true;
    await first.close();
    host.isKilled = false;
    const second = await open();
    await produce(7, 8);
    expect((await publishUntil(second, '8')).map(textOf)).toEqual(['7', '8']);
    expect(host.lost).toBe(0);
  });

  it('notices that another program reads with its consumer', async () => {
    const { open, produce, url } = await rigFor(server, { name: 'shared' });
    const source = await open();
    await produce(1, 1);
    await publishUntil(source, '1');
    const consumer = await jetstream(await connectTo(url)).consumers.get('shared', 'sluice-1');
    // Two readers take turns, so that the other one gets some.
    const stolen = await consumer.fetch({ max_messages: 1, expires: 10_000 });
    const stealing = (async () => {
      for await (const _ of stolen) break;
    })();
    await produce(2, 20);
    await expect(publishUntil(source, '20')).rejects.toThrow('No other program may use the consumers of a bridge');
    await stealing;
  });

  it.each([['Größe: 1'], ['Content Type: x'], ['note: a\nb']])('a header %j is not valid', async (header) => {
    const name = `headers-${header.length}`;
    const { open, produce } = await rigFor(server, { name });
    await sendRaw(server, `${name}.a`, header);
    await produce(2, 2);
    const [odd, fine] = await readUntil(await open(), '2');
    expect(odd).toMatchObject({ headers: {}, fault: 'its headers are not valid' });
    expect(fine?.fault).toBeUndefined();
  });

  it('loses no other message of a subject because of one with an invalid header', async () => {
    const gateway = await startGateway({
      channels: { prices: { history: true }, dead: { history: true } },
      bridges: {
        prices: {
          nats: { url: `nats://127.0.0.1:${server.port}` },
          from: { subject: 'prices' },
          to: { channel: 'prices' },
          poison: { deadLetter: 'dead' },
        },
      },
    });
    await expect.poll(async () => (await gateway.bridge('prices')).state).toBe('running');
    const client = await connectTo(`nats://127.0.0.1:${server.port}`);
    await sendRaw(server, 'prices', 'Größe: 1');
    client.publish('prices', '1');
    await expect.poll(() => gateway.data('prices')).toEqual([1]);
    expect(await gateway.data('dead')).toMatchObject([{ reason: 'its headers are not valid' }]);
  });
});

/** Publishes with a header that the client would refuse. */
async function sendRaw({ port }: BrokerServer, subject: string, header: string): Promise<void> {
  const [head, body] = [Buffer.from(`NATS/1.0\r\n${header}\r\n\r\n`), '1'];
  const socket = connectSocket(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write('CONNECT {"verbose":false,"headers":true}\r\n');
  socket.write(`HPUB ${subject} ${head.length} ${head.length + body.length}\r\n`);
  socket.write(Buffer.concat([head, Buffer.from(`${body}\r\nPING\r\n`)]));
  let received = '';
  for await (const chunk of socket) {
    received += String(chunk);
    if (received.includes('PONG')) return;
  }
}

describe.skipIf(skip)('a bridge from a stream of NATS that has lost its latest messages', () => {
  it.each([
    ['ends before what was published', 0],
    ['has other messages there', 20],
  ])('goes on with what came since: it %s', async (_, more) => {
    const [store, copy] = [join(dataFolder(), 'store'), join(dataFolder(), 'copy')];
    const server = await BrokerServer.start(({ port }) => ({
      command: NATS ?? 'nats-server',
      args: ['-js', '-sd', store, '-a', '127.0.0.1', '-p', `${port}`],
    }));
    const { open, produce, url } = await rigFor(server, { name: 'rewound' });
    /** With a connection of its own: the server was restarted. */
    const produceAgain = async (from: number, to: number) => {
      const producer = jetstream(await connectTo(url));
      for (let n = from; n <= to; n++) await producer.publish('rewound.a', `${n}`);
    };
    await produce(1, 5);
    const first = await open();
    const before = await publishUntil(first, '5');
    await first.close();
    await server.stop();
    cpSync(store, copy, { recursive: true });
    await server.restart();
    await produceAgain(6, 10);
    const second = await open();
    await publishUntil(second, '10');
    await second.close();
    await server.stop();
    rmSync(store, { recursive: true });
    cpSync(copy, store, { recursive: true });
    await server.restart();
    const last = 12 + more;
    await produceAgain(11, last);
    await expect(open()).rejects.toThrow('has lost its latest messages');
    const third = await open();
    const after = await publishUntil(third, `${last}`);
    expect(after.map((record) => Number(textOf(record)))).toEqual(
      Array.from({ length: last - 10 }, (_, at) => 11 + at),
    );
    expect(partitionsOf(after)).not.toEqual(partitionsOf(before));
    await third.close();
    await produceAgain(100, 100);
    const again = await publishUntil(await open(), '100');
    expect(again.map(textOf)).toEqual(['100']);
    expect(partitionsOf(again)).toEqual(partitionsOf(after));
  });
});

describe.skipIf(skip)('a bridge whose user of NATS has few rights', () => {
  const open = async (permissions: string) => {
    const folder = dataFolder();
    writeFileSync(
      join(folder, 'nats.conf'),
      `jetstream { store_dir: "${folder}" }
       authorization { users = [
         { user: admin, password: secret }
         { user: bridge, password: secret, permissions: ${permissions} }
       ] }`,
    );
    const server = await BrokerServer.start(({ port }) => ({
      command: NATS ?? 'nats-server',
      args: ['-c', join(folder, 'nats.conf'), '-a', '127.0.0.1', '-p', `${port}`],
    }));
    const rig = await rigFor(server, { name: 'ORDERS', url: `nats://admin:secret@127.0.0.1:${server.port}` });
    const url = `nats://bridge:secret@127.0.0.1:${server.port}`;
    const openAs = async () => {
      const from = { stream: 'ORDERS', consumer: 'sluice', start: 'oldest' };
      const bridge = { name: 'in', connection: { url }, from, inFlight: IN_FLIGHT } as unknown as InboundBridge;
      const source = await (await natsSystem.loadSource?.(bridge, rig.host))?.open();
      if (source === undefined) throw new Error('there is no source');
      onTestFinished(() => source.close());
      return source;
    };
    const consumers = async () => {
      const names = [];
      for await (const { name } of rig.manager.consumers.list('ORDERS')) names.push(name);
      return names;
    };
    return { ...rig, openAs, consumers };
  };

  it('makes no consumers that it cannot delete, and says which right it lacks', async () => {
    const { openAs, consumers } = await open('{ publish: { deny: ["$JS.API.CONSUMER.DELETE.>"] } }');
    await openAs();
    for (let attempt = 1; attempt <= 4; attempt++) {
      await expect(openAs()).rejects.toThrow(/"\$JS\.API\.CONSUMER\.DELETE\.ORDERS\.sluice-1"\. Give the user/);
    }
    expect(await consumers()).toHaveLength(2);
  });

  it.each([
    ['reads with the rights of the guide', ''],
    ['reads also without the right to look a message up', '"$JS.API.STREAM.MSG.GET.ORDERS"'],
  ])('%s', async (_, missing) => {
    const [, rights = ''] = /```\npermissions: ([\s\S]+?)```/.exec(guideText('nats')) ?? [];
    const { openAs, produce, consumers } = await open(rights.replace(missing, ''));
    for (const n of [1, 2, 3]) {
      await produce(n, n);
      const source = await openAs();
      expect((await publishUntil(source, `${n}`)).map(textOf)).toEqual([`${n}`]);
      await source.close();
    }
    expect(await consumers()).toEqual(['sluice-3']);
  });
});
