import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readMetric } from '../../server/src/testing/metric.ts';
import { freePort } from './free-port.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const COMMAND = here('../../cli/bin/sluice.js');
const DEMO_CONFIG = here('../../demo-app/sluice.yaml');

/** Differences between a test's gateway and the demo's. */
export interface CommandLineOptions {
  /** Folder served at `/`; default: the built demo. */
  readonly folder?: string;
  /** Configuration file; default: the demo's. */
  readonly config?: string;
  /** Development mode; default: `true`. */
  readonly dev?: boolean;
  /** Environment variables, e.g. `SLUICE_HEARTBEAT`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A message from a backend. */
export interface Publication {
  readonly channel: string;
  readonly data: unknown;
}

// Stop the gateways even if the Playwright worker crashes.
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * The gateway as users start it: `sluice serve --dev` in a separate process, with the demo's
 * configuration by default.
 */
export class CommandLineGateway {
  readonly #options: CommandLineOptions;
  #process: ChildProcess | undefined;
  #port = 0;
  #apiKey: string | undefined;

  constructor(options: CommandLineOptions = {}) {
    this.#options = options;
  }

  /** The address of the page, the API, and `/ws`. */
  get url(): string {
    return `http://localhost:${this.#port}`;
  }

  /** Starts it: first on a free port, later always on the same port. */
  async start(): Promise<void> {
    const { folder, config = DEMO_CONFIG, dev = true, env } = this.#options;
    if (this.#port === 0) this.#port = await freePort();
    const args = [COMMAND, 'serve', ...(dev ? ['--dev'] : []), '--config', config, '--port', String(this.#port)];
    if (folder !== undefined) args.push('--static', folder);
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, SLUICE_LOG_FORMAT: 'json', ...env },
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    this.#process = child;
    this.#apiKey = undefined;
    await started(child);
  }

  /** Kills it without notice, as a power failure does. Its memory is lost. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops it gracefully: it drains, and must exit with code 0. */
  async drain(): Promise<void> {
    const code = await this.#end('SIGTERM');
    if (code !== 0) throw new Error(`the gateway exited with code ${code} after SIGTERM instead of 0`);
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const exit = once(child, 'exit');
    child.kill(signal);
    const [code] = await exit;
    return code;
  }

  /** Publishes over the HTTP API, as a backend does. Resolves when the gateway has stored the message. */
  async publish(publication: Publication): Promise<void> {
    this.#apiKey ??= await this.#fetchApiKey();
    const response = await fetch(`${this.url}/api/v1/publish`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.#apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(publication),
    });
    if (!response.ok) throw new Error(`publishing was answered with ${response.status}: ${await response.text()}`);
  }

  /** A metric, such as `sluice_connections`; without its labels, the sum over them. */
  async metric(name: string): Promise<number> {
    return readMetric(await (await fetch(`${this.url}/metrics`)).text(), name);
  }

  async #fetchApiKey(): Promise<string> {
    const response = await fetch(`${this.url}/dev/token?sub=backend`);
    const { apiKey } = (await response.json()) as { apiKey: string };
    return apiKey;
  }
}

/** Waits for this text in its log, and continues reading, so that the pipes never fill. */
function started(child: ChildProcess): Promise<void> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the gateway has no output pipes');
  const errors: string[] = [];
  createInterface(stderr).on('line', (line) => errors.push(line));
  return new Promise((resolve, reject) => {
    createInterface(stdout).on('line', (line) => {
      if (line.includes('gateway started')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the gateway exited with code ${code}:\n${errors.join('\n')}`)));
  });
}
