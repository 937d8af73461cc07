/** Other servers, as programs of this machine: started on a free port, with a configuration as close to Sluice's as they allow. */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** By name: the configuration file and its name. Anonymous clients may do everything, nothing is logged. */
const programs = {
  /** https://centrifugal.dev/docs/server/configuration */
  centrifugo: {
    file: 'centrifugo.json',
    config: (port) =>
      JSON.stringify({
        http_server: { address: '127.0.0.1', port: String(port) },
        client: { insecure: true, allowed_origins: ['*'], ping_interval: '10m' },
        channel: { namespaces: [{ name: 'bench' }] },
        log: { level: 'error' },
      }),
  },
  /** https://docs.nats.io/running-a-nats-service/configuration/websocket/websocket_conf */
  nats: {
    file: 'nats.conf',
    config: (port) =>
      `listen: "127.0.0.1:-1"\nping_interval: "10m"\nwebsocket { listen: "127.0.0.1:${port}", no_tls: true }\n`,
  },
};

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const BETWEEN = 50;

/** Resolves when something listens on the port. */
export async function listening(port, child, most = 10_000) {
  for (let waited = 0; waited < most && child.exitCode === null; waited += BETWEEN) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN));
  }
  throw new Error(`${child.spawnfile} does not listen; its exit code is ${child.exitCode}`);
}

/**
 * Starts a program on one core. `taskset` replaces itself by the program, so the child's id is the
 * program's.
 */
export async function startPeer(name, binary, core) {
  const { file, config } = programs[name];
  const port = await freePort();
  const path = join(mkdtempSync(join(tmpdir(), `bench-${name}-`)), file);
  writeFileSync(path, config(port));
  const child = spawn('taskset', ['-c', String(core), binary, '--config', path], { stdio: 'ignore' });
  await listening(port, child);
  return { server: child, port };
}
