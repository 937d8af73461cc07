/** The demo's departure board: a broker of this machine, a program that feeds it, and a bridge from it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BROKERS, findProgram } from '../find-program.mjs';
import { findRedis } from '../find-redis.mjs';
import { Timetable } from './timetable.mjs';

const DEMO = join(import.meta.dirname, '../../demo-app');

/** Milliseconds between two changes of the timetable. */
const PACE = 2_000;

/**
 * @typedef {object} Broker
 * @property {string} title
 * @property {() => string | undefined} find its program
 * @property {(port: number, folder: string) => string[]} args
 * @property {(port: number) => object} bridge its options and `from`, in the configuration
 * @property {(port: number) => Promise<Feed>} connect
 */

/**
 * @typedef {object} Feed
 * @property {(departure: import('./timetable.mjs').Departure) => Promise<unknown>} send
 * @property {() => Promise<unknown>} close
 */

/** The first that this machine has is used. @type {readonly Broker[]} */
const CHOICES = [
  {
    title: 'Redis Streams',
    find: findRedis,
    args: (port, folder) => ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    bridge: (port) => ({ redis: { url: `redis://127.0.0.1:${port}` }, from: { streams: ['departures'] } }),
    connect: async (port) => {
      const { Redis } = await import('ioredis');
      const redis = new Redis(port);
      redis.on('error', () => {}); // it connects again
      return {
        send: (departure) =>
          redis.xadd(
            'departures',
            'MAXLEN',
            '~',
            1_000,
            '*',
            'key',
            departure.train,
            'data',
            JSON.stringify(departure),
          ),
        close: async () => redis.disconnect(),
      };
    },
  },
  {
    title: 'NATS',
    find: () => findProgram(BROKERS.nats),
    args: (port) => ['-a', '127.0.0.1', '-p', `${port}`],
    bridge: (port) => ({ nats: { url: `nats://127.0.0.1:${port}` }, from: { subject: 'departures' } }),
    connect: async (port) => {
      const nats = await import('@nats-io/transport-node');
      const connection = await nats.connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 });
      return {
        send: async (departure) => connection.publish('departures', JSON.stringify(departure)),
        close: () => connection.close(),
      };
    },
  },
];

export const NO_BROKER =
  'The board needs a message broker on this machine: apt-get install redis-server, or nats-server (brew install redis).';

/** Has this machine a broker for the board? */
export const hasBroker = () => CHOICES.some(({ find }) => find() !== undefined);

/**
 * Starts a broker and feeds it. The configuration in `config` is the demo's, with a bridge.
 *
 * @returns {Promise<{ title: string, config: string, stop: () => Promise<void> }>}
 * @throws {Error} with advice, if the machine has no broker
 */
export async function startBoard() {
  const broker = CHOICES.find(({ find }) => find() !== undefined);
  const program = broker?.find();
  if (broker === undefined || program === undefined) throw new Error(NO_BROKER);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-board-'));
  const port = await freePort();
  const server = spawn(program, broker.args(port, folder), { stdio: 'ignore' });
  const kill = () => void server.kill('SIGKILL');
  process.once('exit', kill);
  await Promise.race([accepts(port), endOf(server, broker.title)]);
  const feed = await broker.connect(port);
  const stopFeeding = feedTimetable(feed);
  return {
    title: broker.title,
    config: writeConfig(folder, broker, port),
    stop: async () => {
      stopFeeding();
      await feed.close();
      kill();
      process.off('exit', kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param {Feed} feed @returns {() => void} stops it */
function feedTimetable(feed) {
  const timetable = new Timetable(new Date(), Math.random);
  /** @param {readonly import('./timetable.mjs').Departure[]} departures */
  const send = async (departures) => {
    for (const departure of departures) await feed.send(departure);
  };
  /** What the broker does not get is sent again, as part of the next change. */
  const ignoreOutage = () => {};
  // All of them every time: a subscriber of NATS that comes later has missed what was sent before.
  const timer = setInterval(() => {
    send([...timetable.change(), ...timetable.trains]).catch(ignoreOutage);
  }, PACE);
  send(timetable.trains).catch(ignoreOutage);
  return () => clearInterval(timer);
}

/** JSON is YAML, and `bridges` is the only key that the demo's file does not have. @param {string} folder @param {Broker} broker @param {number} port */
function writeConfig(folder, { title, bridge }, port) {
  const bridges = { departures: { ...bridge(port), to: { channel: 'departures', tags: { broker: title } } } };
  const demo = readFileSync(join(DEMO, 'sluice.yaml'), 'utf8');
  const text = demo.replace(/^static: .*$/m, () => `static: ${JSON.stringify(join(DEMO, 'dist'))}`);
  const path = join(folder, 'sluice.yaml');
  writeFileSync(path, `${text}\nbridges: ${JSON.stringify(bridges)}\n`);
  return path;
}

async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** @param {number} port */
async function accepts(port) {
  while (!(await isOpen(port))) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** @param {number} port @returns {Promise<boolean>} */
const isOpen = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    /** @param {boolean} open */
    const end = (open) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });

/** @param {import('node:child_process').ChildProcess} server @param {string} title @returns {Promise<never>} */
const endOf = (server, title) =>
  new Promise((_, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`${title} ended at its start, with code ${code}`)));
  });
