import { type Config, type Differences, differencesOf } from '@sluice/server/cli-support';
import type { Shell } from '../src/shell.ts';

/**
 * The environment that a test gives to a command; everything else is absent, and fails when it is
 * used.
 */
export type World = Partial<Omit<Shell, 'out' | 'err' | 'onSignal' | 'onReload' | 'onOrphaned' | 'watch' | 'exit'>>;

/** A shell that records the output and the effects of commands. */
export class TestShell implements Shell {
  readonly env: Shell['env'];
  readonly cwd: string;
  readonly terminal = false;
  readonly fetch: Shell['fetch'];
  readonly stdin: Shell['stdin'];
  readonly loadGateway: Shell['loadGateway'];
  readonly loadSupervisor: Shell['loadSupervisor'];
  readonly loadClient: Shell['loadClient'];
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly exits: number[] = [];
  /** Files that are being watched. */
  watched: readonly string[] = [];
  #orphaned = (): void => {};
  #changed = (): void => {};
  #failed = (_: unknown): void => {};
  readonly #handlers = new Set<() => void>();
  readonly #reloads = new Set<() => void>();

  constructor(world: World = {}) {
    const absent = (what: string) => () => Promise.reject(new Error(`this test has no ${what}`));
    this.env = world.env ?? {};
    this.cwd = world.cwd ?? '/nowhere';
    this.fetch = world.fetch ?? absent('network');
    this.stdin = world.stdin ?? absent('standard input');
    this.loadGateway = world.loadGateway ?? absent('gateway');
    this.loadSupervisor = world.loadSupervisor ?? absent('supervisor');
    this.loadClient = world.loadClient ?? absent('client');
  }

  out(line: string): void {
    this.lines.push(line);
  }

  err(line: string): void {
    this.errors.push(line);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  onSignal(handler: () => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  onReload(handler: () => void): () => void {
    this.#reloads.add(handler);
    return () => this.#reloads.delete(handler);
  }

  /** Simulates SIGHUP. */
  hangUp(): void {
    for (const handler of this.#reloads) handler();
  }

  onOrphaned(handler: () => void): void {
    this.#orphaned = handler;
  }

  /** Simulates the end of the npm that started the process. */
  orphan(): void {
    this.#orphaned();
  }

  watch(files: readonly string[], { changed, failed }: Parameters<Shell['watch']>[1]): () => void {
    this.watched = files;
    this.#changed = changed;
    this.#failed = failed;
    return () => {
      this.watched = [];
    };
  }

  /** Simulates a change of a watched file. */
  change(): void {
    this.#changed();
  }

  /** Simulates a failure of the watch. */
  failWatch(error: Error): void {
    this.#failed(error);
  }

  /** Simulates Ctrl+C. */
  signal(): void {
    for (const handler of this.#handlers) handler();
  }

  /** Are there listeners to signals? */
  get listening(): boolean {
    return this.#handlers.size > 0;
  }
}

/** A gateway that only records calls. */
export class TestGateway {
  readonly calls: string[] = [];
  /** Configurations whose rules were reloaded. */
  readonly reloaded: Config[] = [];
  config: Config | undefined;
  /** Reloads wait for this. */
  reloading: () => Promise<void> = async () => {};
  readonly #started: () => void;
  /** Resolves when it stops by itself. */
  stopped: Promise<void> = new Promise(() => {});
  /** Resolves when `start` was called. */
  readonly running: Promise<void>;

  constructor() {
    let started = (): void => undefined;
    this.running = new Promise((resolve) => {
      started = resolve;
    });
    this.#started = started;
  }

  load: Shell['loadGateway'] = async () => ({
    createGateway: (config) => {
      this.config = config;
      return this;
    },
  });

  async start(): Promise<{ port: number; url: string }> {
    this.calls.push('start');
    this.#started();
    return { port: 8080, url: 'http://localhost:8080' };
  }

  reloadFrom(): void {}

  async reload(config: Config): Promise<Differences> {
    const differences = differencesOf(this.reloaded.at(-1) ?? (this.config as Config), config);
    this.reloaded.push(config);
    await this.reloading();
    return differences;
  }

  async close(): Promise<void> {
    this.calls.push('close');
  }
}
