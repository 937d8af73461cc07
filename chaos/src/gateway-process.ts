import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expectFresh } from '../../scripts/src/fresh-build.mjs';
import type { ConfigInput } from '../../server/src/config/config.ts';
import { Child } from './child.ts';
import { pause } from './until.ts';

const COMMAND = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));

/** Attempts to start a node, and milliseconds between them. */
const ATTEMPTS = 100;
const RETRY_AFTER = 200;

export interface GatewayProcessOptions {
  readonly name: string;
  readonly folder: string;
  readonly config: ConfigInput;
  /** Called on events that must not happen: the node died by itself, or it logged a fault. */
  readonly onFault: (text: string) => void;
}

/** A line of the gateway's log. */
interface LogLine {
  readonly msg?: string;
  readonly url?: string;
  readonly time?: string;
}

/** One node: the built `sluice serve`, which can be killed, drained and started again. */
export class GatewayProcess {
  readonly name: string;
  readonly #file: string;
  readonly #onFault: (text: string) => void;
  #child: Child | undefined;
  #port: number | undefined;
  #expected = false;
  #runs = false;
  /** When it last began to drain, in milliseconds since the Unix epoch, by its own log. */
  drainedAt: number | undefined;

  constructor({ name, folder, config, onFault }: GatewayProcessOptions) {
    this.name = name;
    this.#file = `${folder}/${name}.json`;
    this.#onFault = onFault;
    const log = { level: 'info', format: 'json' } as const;
    writeFileSync(this.#file, JSON.stringify({ host: '127.0.0.1', port: 0, node: name, log, ...config }));
  }

  /** The port; undefined while the node accepts no connections. */
  get port(): number | undefined {
    return this.#port;
  }

  /** @throws Error with the last lines of its output if it ends instead of starting */
  async start(): Promise<void> {
    expectFresh(['protocol', 'client-sdk', 'server', 'cli']);
    this.#expected = false;
    this.#runs = false;
    const started = deferred<number>();
    const child = new Child(process.execPath, [COMMAND, 'serve', '--config', this.#file], (text) => {
      const line = read(text);
      if (line?.msg === 'gateway started' && line.url !== undefined) started.resolve(Number(new URL(line.url).port));
      if (line?.msg?.startsWith('draining') === true) {
        this.#port = undefined;
        this.drainedAt = Date.parse(line.time ?? '');
      }
      if (line?.msg === 'fault') this.#onFault(`${this.name} logged a fault: ${text}`);
    });
    this.#child = child;
    void child.ended.then((code) => {
      this.#port = undefined;
      started.reject(new Error(`${this.name} ended with ${code} instead of starting:\n${child.tail}`));
      if (!this.#expected && this.#runs) this.#onFault(`${this.name} ended by itself with ${code}:\n${child.tail}`);
    });
    this.#port = await started.promise;
    this.#runs = true;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it as a supervisor does, with retries: its engine may be down. */
  async keepStarting(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.start();
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await pause(RETRY_AFTER);
      }
    }
  }

  /** Kills it at once. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** @returns the exit code of a drain */
  drain(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** The last lines of its output. */
  get tail(): string {
    return this.#child?.tail ?? '';
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.#expected = true;
    if (signal === 'SIGKILL') this.#port = undefined;
    const code = (await this.#child?.kill(signal)) ?? null;
    this.#child = undefined;
    return code;
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> = { resolve: () => {}, reject: () => {} };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

function read(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
