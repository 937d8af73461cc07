/** Message brokers as programs of this machine, on one core, which leave nothing behind. */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, listening } from './peers.mjs';
import { stop } from './processes.mjs';

/** The program of this name on the path. */
function onPath(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The package's own script: the one on the path changes the user. */
function findRabbit() {
  const root = '/usr/lib/rabbitmq/lib';
  try {
    const [version] = readdirSync(root).filter((name) => name.startsWith('rabbitmq_server-'));
    return version === undefined ? undefined : join(root, version, 'sbin/rabbitmq-server');
  } catch {
    return undefined;
  }
}

/** Where the brokers are; `undefined`: this machine has none. */
export const brokers = () => ({ rabbitmq: findRabbit(), nats: onPath('nats-server') });

const spawnOn = (core, command, args, env = process.env) =>
  spawn('taskset', ['-c', String(core), command, ...args], { stdio: 'ignore', env });

/** A folder that `stopBroker` removes. */
const folderIn = (folder, name) => mkdtempSync(join(folder ?? tmpdir(), `bench-${name}-`));

/** @returns what `stopBroker` stops */
export async function startNats(binary, { core, folder }) {
  const data = folderIn(folder, 'nats');
  const port = await freePort();
  const server = spawnOn(core, binary, ['-js', '-sd', data, '-a', '127.0.0.1', '-p', String(port)]);
  await listening(port, server);
  return { server, port, data, others: [] };
}

/**
 * RabbitMQ as one process: its script replaces itself by the virtual machine, with the environment
 * that https://www.rabbitmq.com/docs/configure names. The port mapper of Erlang is started before it,
 * because it would start one that outlives it.
 */
export async function startRabbit(script, { core, folder }) {
  const data = folderIn(folder, 'rabbitmq');
  const [port, mapper, distribution] = [await freePort(), await freePort(), await freePort()];
  const epmd = spawnOn(core, onPath('epmd') ?? 'epmd', ['-port', String(mapper), '-address', '127.0.0.1']);
  await listening(mapper, epmd);
  mkdirSync(join(data, 'log'));
  writeFileSync(join(data, 'plugins'), '[].\n');
  writeFileSync(
    join(data, 'r.conf'),
    `listeners.tcp.1 = 127.0.0.1:${port}\nlog.console = false\nlog.file = false\ndisk_free_limit.absolute = 50MB\n`,
  );
  const server = spawnOn(core, script, [], {
    PATH: process.env.PATH,
    HOME: data,
    ERL_EPMD_PORT: String(mapper),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput +S 1:1 +sbwt none',
    RABBITMQ_NODENAME: `bench${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(data, 'mnesia'),
    RABBITMQ_LOG_BASE: join(data, 'log'),
    RABBITMQ_PID_FILE: join(data, 'pid'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(data, 'config'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(data, 'feature-flags'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_ENABLED_PLUGINS_FILE: join(data, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(data, 'r.conf'),
  });
  await listening(port, server, 60_000);
  return { server, port, data, others: [epmd] };
}

export async function stopBroker({ server, data, others }) {
  for (const child of [server, ...others]) await stop(child);
  rmSync(data, { recursive: true, force: true });
}
