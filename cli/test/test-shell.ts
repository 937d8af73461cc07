import type { Config } from '@sluice/server/cli-support';
import type { Shell } from '../src/shell.ts';

/** What a test gives a command to see of the world; everything else is absent, and fails when it is used. */
export type World = Partial<Omit<Shell, 'out' | 'err' | 'onSignal' | 'onOrphaned' | 'watch' | 'exit'>>;

/** A shell that remembers what commands said and did. */
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

  onOrphaned(handler: () => void): void {
    this.#orphaned = handler;
  }

  /** As if the npm that started it had gone. */
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

  /** As if one of the watched files had changed. */
  change(): void {
    this.#changed();
  }

  /** As if the watched files could not be watched any longer. */
  failWatch(error: Error): void {
    this.#failed(error);
  }

  /** As if somebody pressed Ctrl+C. */
  signal(): void {
    for (const handler of this.#handlers) handler();
  }

  /** Does anybody listen to signals? */
  get listening(): boolean {
    return this.#handlers.size > 0;
  }
}

/** A gateway that only notes what is done to it. */
export class TestGateway {
  readonly calls: string[] = [];
  /** Configurations whose rules it was told to take over. */
  readonly reloaded: Config[] = [];
  config: Config | undefined;
  /** What a reload waits for. */
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

  async reload(config: Config): Promise<void> {
    this.reloaded.push(config);
    await this.reloading();
  }

  async close(): Promise<void> {
    this.calls.push('close');
  }
}
