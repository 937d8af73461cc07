import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { platform } from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { differencesOf } from '../config/differences.ts';
import type { Loaded } from '../config/load.ts';
import { type Config, ConfigError } from '../config/schema.ts';
import { createLogger } from '../observe/log.ts';
import type { NodeReload, ReloadReport } from '../reload.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import type { FromProcess, Role, Task } from './messages.ts';
import { type Reservation, reservePort } from './port.ts';
import { ProcessSupervisor, type ProcessSupervisorOptions, type Ready } from './process-supervisor.ts';
import { type Spawn, spawnProcess } from './spawn.ts';
import { WorkerMetrics } from './worker-metrics.ts';
import { WorkersReload } from './workers-reload.ts';

/** Milliseconds beyond the drain in which a worker must end. */
const TO_END = 5_000;
/** Milliseconds in which the engine must finish its pending operations. */
const ENGINE_TO_END = 10_000;
/** Milliseconds that a scrape waits for a worker. After them the worker's last known values are used. */
const TO_COUNT = 1_000;

/**
 * Engines that every process may open by itself. Any other engine is opened once, by a process of
 * its own.
 */
const SHARED_ENGINES: ReadonlySet<string> = new Set(['redis']);

export interface SupervisorParts {
  readonly spawn: Spawn;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly reserve: typeof reservePort;
  readonly system: string;
}

/**
 * A gateway of several processes: the supervisor starts them, replaces those that end, and stops
 * them. It opens no port itself.
 */
export class Supervisor {
  readonly #config: Config;
  #loaded: Loaded;
  readonly #reload: WorkersReload;
  #source: (() => Promise<Loaded>) | undefined;
  #reloading: Promise<NodeReload> | undefined;
  readonly #parts: SupervisorParts;
  readonly #workers: ProcessSupervisor[] = [];
  readonly #metrics = new WorkerMetrics();
  readonly #counting = new Map<number, (from: string) => void>();
  #owner: ProcessSupervisor | undefined;
  #reservation: Reservation | undefined;
  #folder: string | undefined;
  #port: number;
  #count = 0;
  #closing: Promise<void> | undefined;
  #tellStopped: () => void = () => {};
  /** Resolves when all processes have stopped, by `close` or for any other reason. */
  readonly stopped = new Promise<void>((resolve) => {
    this.#tellStopped = resolve;
  });

  constructor(loaded: Loaded, parts: Partial<SupervisorParts> = {}) {
    this.#loaded = loaded;
    this.#config = loaded.config;
    this.#port = loaded.config.port;
    this.#parts = {
      spawn: spawnProcess,
      clock: systemClock,
      random: Math.random,
      log: parts.log ?? createLogger(loaded.config.log).child({ node: loaded.config.node }),
      reserve: reservePort,
      system: platform,
      ...parts,
    };
    this.#reload = new WorkersReload({
      workers: () => this.#workers,
      clock: this.#parts.clock,
      log: this.#parts.log,
      adopt: (next) => {
        this.#loaded = next;
        // An owner that is starting may have the configuration before.
        this.#owner?.send({ type: 'adopt', gathered: next.gathered });
      },
      differences: (next) => differencesOf(this.#loaded.config, next.config),
    });
  }

  /**
   * Starts the engine's owner, if the engine needs one, then the workers.
   *
   * @throws Error if the port is in use, or if a process does not become ready. All processes are
   *   stopped before it throws.
   */
  async start(): Promise<{ port: number; url: string }> {
    const { system, reserve, log } = this.#parts;
    const { host, port, node, workers, engine } = this.#config;
    if (system !== 'linux') throw new Error(NOT_LINUX);
    const reservation = await reserve({ host, port });
    this.#reservation = reservation;
    this.#port = reservation.port;
    try {
      if (!SHARED_ENGINES.has(engine)) await this.#startOwner();
      const starting = Array.from({ length: workers }, (_, at) => this.#addWorker(`${node}/${at + 1}`));
      const [first] = await Promise.all(starting);
      const url = first?.url ?? '';
      log.info({ url, workers }, 'all workers started');
      return { port: this.#port, url };
    } catch (error) {
      await this.close().catch(() => {});
      throw error;
    }
  }

  async #startOwner(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), 'sluice-')); // readable by this user only
    this.#owner = new ProcessSupervisor(this.#keep('owner', `${this.#config.node}/engine`));
    await this.#owner.start();
  }

  #addWorker(name: string): Promise<Ready> {
    const worker = new ProcessSupervisor(this.#keep('worker', name));
    this.#workers.push(worker);
    return worker.start();
  }

  #keep(role: Role, name: string): ProcessSupervisorOptions {
    const { log, ...parts } = this.#parts;
    return {
      ...parts,
      role,
      name,
      task: () => {
        this.#reload.starting(name);
        return this.#task(name);
      },
      onMessage: (message) => this.#handleMessage(name, message),
      onReady: () => {
        log.debug({ process: name }, 'process ready');
        if (role === 'worker') this.#reload.ready(name);
      },
      onLost: ({ words, wait }) => {
        this.#metrics.replaced();
        log.error({ process: name, reason: words, wait }, 'process ended unexpectedly, starting a replacement');
      },
      onGone: () => {
        if (role === 'worker') this.#metrics.gone(name);
        this.#reload.gone(name);
        for (const settle of [...this.#counting.values()]) settle(name);
      },
    };
  }

  #task(name: string): Task {
    const { node, devSecret, devApiKey } = this.#config;
    return {
      gathered: this.#loaded.gathered,
      invented: {
        node,
        ...(devSecret === undefined ? {} : { devSecret }),
        ...(devApiKey === undefined ? {} : { devApiKey }),
      },
      name,
      machine: node,
      port: this.#port,
      ...(this.#folder === undefined ? {} : { enginePath: join(this.#folder, 'engine.sock') }),
    };
  }

  #handleMessage(from: string, message: FromProcess): void {
    if (message.type === 'counted') {
      this.#metrics.note(from, message.snapshot);
      this.#counting.get(message.id)?.(from);
    } else if (message.type === 'scrape') {
      void this.#scrape(from, message.id);
    } else if (message.type === 'reloadStaged' || message.type === 'reloadCommitted') {
      this.#reload.answered(from, message);
    } else if (message.type === 'reload') {
      void this.#reloadFor(from, message.id);
    } else if (message.type === 'leaving') {
      this.close().catch((error: unknown) =>
        this.#parts.log.error({ err: error }, 'stopped, but some processes did not end in time'),
      );
    }
  }

  /**
   * Applies another configuration to all workers, or to none. What needs a restart is named in the
   * report; a worker that is replaced has it already.
   *
   * @throws ConfigError, or Error if a worker cannot apply it; then nothing has changed
   */
  async reload(loaded: Loaded): Promise<ReloadReport> {
    // A worker that is replaced would open another engine than the others.
    const moved = FIXED.filter((option) => !isDeepStrictEqual(loaded.config[option], this.#config[option]));
    if (moved.length > 0) throw new ConfigError([`${moved.join(', ')}: workers cannot change it. Restart the gateway`]);
    return this.#reload.apply(loaded);
  }

  /** Sets where `POST /api/v1/reload` gets the configuration. */
  reloadFrom(load: () => Promise<Loaded>): void {
    this.#source = load;
  }

  /** Each worker asks, because each is a node: one reload serves all that ask meanwhile. */
  async #reloadFor(from: string, id: number): Promise<void> {
    this.#reloading ??= this.#reloadAgain().finally(() => {
      this.#reloading = undefined;
    });
    const result = await this.#reloading;
    this.#workers.find(({ name }) => name === from)?.send({ type: 'reloaded', id, result });
  }

  async #reloadAgain(): Promise<NodeReload> {
    if (this.#source === undefined) return { ok: false, problem: NO_SOURCE };
    try {
      return { ok: true, ...(await this.reload(await this.#source())) };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#parts.log.warn({ problem }, 'the configuration could not be reloaded, and nothing has changed');
      return { ok: false, problem };
    }
  }

  /** The worker waits for an answer, whatever happens here. */
  async #scrape(from: string, id: number): Promise<void> {
    const text = await this.#sumOfMetrics().catch((error: unknown) => {
      this.#parts.log.error({ err: error }, 'metrics failed');
      return null;
    });
    this.#workers.find(({ name }) => name === from)?.send({ type: 'scraped', id, text });
  }

  async #sumOfMetrics(): Promise<string> {
    await this.#countAll();
    return this.#metrics.text({ running: this.#workers.filter(({ ready }) => ready).length });
  }

  /** Resolves when every worker has reported its metrics, or has timed out. */
  #countAll(): Promise<void> {
    const id = ++this.#count;
    const missing = new Set(this.#workers.filter(({ ready }) => ready).map(({ name }) => name));
    return new Promise((resolve) => {
      const timer = this.#parts.clock.after(TO_COUNT, () => done());
      const done = (): void => {
        timer.cancel();
        this.#counting.delete(id);
        resolve();
      };
      this.#counting.set(id, (from) => {
        if (missing.delete(from) && missing.size === 0) done();
      });
      for (const worker of this.#workers) if (missing.has(worker.name)) worker.send({ type: 'count', id });
      if (missing.size === 0) done();
    });
  }

  /**
   * Drains all workers, then stops the engine's owner. Calling it again returns the same promise.
   *
   * @throws Error if a process had to be killed
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const forced: string[] = [];
    const stop = async (child: ProcessSupervisor, within: number): Promise<void> => {
      if (!(await child.stop(within))) forced.push(child.name);
    };
    await Promise.all(this.#workers.map((worker) => stop(worker, this.#config.drain + TO_END)));
    if (this.#owner !== undefined) await stop(this.#owner, ENGINE_TO_END);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#reservation?.release();
    this.#parts.log.info('all workers stopped');
    this.#tellStopped();
    if (forced.length > 0) throw new Error(`${forced.join(', ')} did not end in time and had to be killed`);
  }
}

/** Options of the engine, which all processes share. */
const FIXED = ['engine', 'redis', 'durable'] as const satisfies readonly (keyof Config)[];

const NO_SOURCE = 'this gateway does not read a configuration that it could read again: restart it';

const NOT_LINUX =
  'workers share a port only on Linux, where the system spreads connections among them; here run one gateway, or several on ports of their own behind a load balancer, with the redis engine';
