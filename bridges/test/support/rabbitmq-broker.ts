import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BrokerServer, freePort, type Place, type ServerCommand } from './broker-server.ts';
import { findServer } from './programs.ts';

/** The script of the package itself: Debian's wrapper changes the user. */
const SCRIPTS = '/usr/lib/rabbitmq/lib';

function findRabbit(): string | undefined {
  const wished = process.env.SLUICE_RABBITMQ_SERVER ?? '';
  if (wished !== '') return wished;
  return existsSync(SCRIPTS) ? scriptsIn(SCRIPTS).find((path) => existsSync(path)) : undefined;
}

const scriptsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith('rabbitmq_server-'))
    .map((name) => join(folder, name, 'sbin/rabbitmq-server'));

export const RABBITMQ = findRabbit();

/** A RabbitMQ as one process: the environment makes its script execute the virtual machine. */
export async function startRabbitmq(): Promise<BrokerServer> {
  const epmd = await BrokerServer.start(({ port }) => ({
    command: findServer('epmd', 'SLUICE_EPMD') ?? 'epmd',
    args: ['-port', `${port}`, '-address', '127.0.0.1'],
  }));
  const distribution = await freePort();
  return BrokerServer.start((place) => commandOf(place, { epmd: epmd.port, distribution }));
}

function commandOf(
  { port, folder }: Place,
  { epmd, distribution }: { epmd: number; distribution: number },
): ServerCommand {
  const at = (name: string) => join(folder, name);
  for (const name of ['mnesia', 'log', 'generated']) mkdirSync(at(name));
  writeFileSync(at('enabled_plugins'), '[].');
  writeFileSync(
    at('rabbitmq.conf'),
    [
      ...[`listeners.tcp.1 = 127.0.0.1:${port}`, 'log.console = true', 'log.file = false'],
      ...['vm_memory_high_watermark.absolute = 512MB', 'disk_free_limit.absolute = 50MB'],
      ...['max_message_size = 1000000', ''],
    ].join('\n'),
  );
  return {
    command: RABBITMQ ?? 'rabbitmq-server',
    args: [],
    env: {
      HOME: folder,
      RABBITMQ_ALLOW_INPUT: '1',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput +S 1:1 +sbwt none +P 65536',
      RABBITMQ_NODENAME: `t${port}@localhost`,
      RABBITMQ_DIST_PORT: `${distribution}`,
      RABBITMQ_MNESIA_BASE: at('mnesia'),
      RABBITMQ_LOG_BASE: at('log'),
      RABBITMQ_PID_FILE: at('pid'),
      RABBITMQ_GENERATED_CONFIG_DIR: at('generated'),
      RABBITMQ_FEATURE_FLAGS_FILE: at('feature_flags'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_ENABLED_PLUGINS_FILE: at('enabled_plugins'),
      RABBITMQ_CONFIG_FILE: at('rabbitmq.conf'),
      ERL_EPMD_PORT: `${epmd}`,
      ERL_EPMD_ADDRESS: '127.0.0.1',
    },
  };
}
