import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * The idle timeout of a proxy in tests, in seconds. The files in deploy/ have 75, three times the
 * heartbeat.
 */
export const QUIET = 12;

export type ProxyName = 'nginx' | 'haproxy';

const FILES: Readonly<Record<ProxyName, string>> = { nginx: 'deploy/nginx.conf', haproxy: 'deploy/haproxy.cfg' };

/** Replaces a setting. Throws if it is missing, because the file no longer matches the test. */
function replace(text: string, from: string | RegExp, to: string): string {
  const replaced = text.replace(from, to);
  if (replaced === text) throw new Error(`the proxy's file no longer contains ${from}`);
  return replaced;
}

interface Setting {
  readonly port: number;
  /** The ports of gateway-1 and gateway-2. */
  readonly upstreams: readonly [number, number];
  readonly folder: string;
  /** Enables the TLS lines as the comments in the file describe. */
  readonly tls: boolean;
}

/** A self-signed certificate for 127.0.0.1: `key.pem`, `cert.pem`, and both in one file. */
function makeCertificate(folder: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=sluice', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', 'key.pem', '-out', 'cert.pem'];
  execFileSync('openssl', ['req', '-x509', ...key, ...names, ...files], { cwd: folder, stdio: 'ignore' });
  const both = ['cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name), 'utf8')).join('');
  writeFileSync(join(folder, 'both.pem'), both);
}

/** Settings that only tests use: ports, folders, users, and short timeouts. */
const ADAPT: Readonly<Record<ProxyName, (text: string, setting: Setting) => string>> = {
  nginx(text, { port, upstreams, folder, tls }) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(' ');
    let own = replace(text, 'worker_connections 65535', 'worker_connections 512');
    own = replace(
      own,
      'worker_rlimit_nofile 131072;',
      `pid ${folder}/pid; error_log stderr warn; daemon off; worker_processes 1;`,
    );
    own = replace(own, /^http \{$/m, `http { access_log off; ${temporary}`);
    own = tls ? replace(own, /^ *listen 80;$/m, '') : replace(own, 'listen 80;', `listen 127.0.0.1:${port};`);
    if (tls) {
      own = replace(own, '# listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`);
      own = replace(own, /# ssl_certificate \S+;/, `ssl_certificate ${folder}/cert.pem;`);
      own = replace(own, /# ssl_certificate_key \S+;/, `ssl_certificate_key ${folder}/key.pem;`);
    }
    own = replace(own, /75s/g, `${QUIET}s`);
    upstreams.forEach((upstream, at) => {
      own = replace(own, `server gateway-${at + 1}:8080`, `server 127.0.0.1:${upstream}`);
    });
    return process.getuid?.() === 0 ? `user root;\n${own}` : own;
  },
  haproxy(text, { port, upstreams, folder, tls }) {
    let own = replace(text, 'maxconn 65535', 'maxconn 200');
    own = replace(own, /^ {2}bind :80$/m, tls ? '' : `  bind 127.0.0.1:${port}`);
    if (tls) own = replace(own, /# bind :443 (.*) crt \S+/, `bind 127.0.0.1:${port} $1 crt ${folder}/both.pem`);
    own = replace(own, /75s/g, `${QUIET}s`);
    upstreams.forEach((upstream, at) => {
      own = replace(own, `gateway-${at + 1}:8080`, `127.0.0.1:${upstream}`);
    });
    return own;
  },
};

const ARGUMENTS: Readonly<Record<ProxyName, (file: string, folder: string) => string[]>> = {
  nginx: (file, folder) => ['-c', file, '-p', folder, '-e', 'stderr'],
  haproxy: (file) => ['-db', '-f', file],
};

/** A free port. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isListening(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return outcome;
}

/** A proxy as a program with its file from deploy/, in front of two ports. */
export class ProxyProgram {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, { port, folder }: Setting) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
  }

  static async start(
    name: ProxyName,
    path: string,
    { upstreams, tls = false }: { upstreams: readonly [number, number]; tls?: boolean },
  ): Promise<ProxyProgram> {
    const folder = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
    mkdirSync(join(folder, 'logs'), { recursive: true });
    if (tls) makeCertificate(folder);
    const setting = { port: await freePort(), upstreams, folder, tls };
    const file = join(folder, 'proxy.conf');
    const text = readFileSync(new URL(`../../../${FILES[name]}`, import.meta.url), 'utf8');
    writeFileSync(file, ADAPT[name](text, setting));
    const child = spawn(path, ARGUMENTS[name](file, folder), { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString('utf8');
    });
    while (!(await isListening(setting.port))) {
      if (child.exitCode !== null) throw new Error(`${name} exited: ${errors}`);
      await pause(20); // it does not report when it listens
    }
    return new ProxyProgram(child, setting);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
