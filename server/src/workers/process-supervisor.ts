import type { Clock, Timer } from '../util/clock.ts';
import { backoff } from './backoff.ts';
import type { FromProcess, Role, Task } from './messages.ts';
import type { Handle, HandleListener, Spawn } from './spawn.ts';

/** Milliseconds within which a process must be ready: loading a gateway takes seconds, on a busy machine many. */
const READY_WITHIN = 120_000;
/** A process that lived longer than this, in milliseconds, ends a series of failures. */
const STEADY = 30_000;

export type Ready = Extract<FromProcess, { type: 'ready' }>;

/** A process that ended unexpectedly. */
export interface Loss {
  readonly name: string;
  /** How it ended. */
  readonly words: string;
  /** Milliseconds until the replacement starts. */
  readonly wait: number;
}

export interface ProcessSupervisorOptions {
  readonly role: Role;
  readonly name: string;
  /** Called for every new process. */
  readonly task: () => Task;
  readonly spawn: Spawn;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onMessage: (message: FromProcess) => void;
  readonly onReady: (ready: Ready) => void;
  readonly onLost: (loss: Loss) => void;
  /** The process has ended, for whatever reason. */
  readonly onGone: () => void;
}

/** Keeps one process running: starts it, and replaces it when it ends, until `stop`. */
export class ProcessSupervisor {
  readonly #options: ProcessSupervisorOptions;
  #state: 'idle' | 'starting' | 'ready' | 'waiting' | 'stopping' | 'stopped' = 'idle';
  #handle: Handle | undefined;
  #timer: Timer | undefined;
  #bornAt = 0;
  #failures = 0;
  #problem: string | undefined;
  #first: { resolve(ready: Ready): void; reject(error: Error): void } | undefined;
  #whenStopped: (() => void) | undefined;

  constructor(options: ProcessSupervisorOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** Sends to the current process. */
  send(message: Parameters<Handle['send']>[0]): void {
    this.#handle?.send(message);
  }

  /**
   * Starts the first process.
   *
   * @throws Error if it does not become ready. It is not retried, because the configuration is most
   *   likely wrong.
   */
  start(): Promise<Ready> {
    return new Promise((resolve, reject) => {
      this.#first = { resolve, reject };
      this.#launch();
    });
  }

  #launch(): void {
    const { role, task, spawn, clock } = this.#options;
    this.#state = 'starting';
    this.#bornAt = clock.monotonic();
    this.#problem = undefined;
    this.#timer = clock.after(READY_WITHIN, () => {
      this.#problem = `was not ready within ${READY_WITHIN / 1000} seconds`;
      this.#handle?.kill();
    });
    let isGone = false;
    const listener: HandleListener = {
      // The pipe may still deliver what an ended process has sent, when others have counted it as gone.
      message: (message) => {
        if (!isGone) this.#handleMessage(message);
      },
      exit: (how) => {
        isGone = true;
        this.#gone(how);
      },
    };
    this.#handle = spawn(role, listener);
    this.#handle.send({ type: 'start', task: task() });
  }

  #handleMessage(message: FromProcess): void {
    if (message.type === 'ready' && this.#state === 'starting') {
      this.#state = 'ready';
      this.#timer?.cancel();
      this.#first?.resolve(message);
      this.#first = undefined;
      this.#options.onReady(message);
    } else if (message.type === 'failed') {
      this.#problem = message.message;
    } else {
      this.#options.onMessage(message);
    }
  }

  #gone({ clean, words }: { clean: boolean; words: string }): void {
    const { clock, name, random, onGone, onLost } = this.#options;
    const wasReady = this.#state === 'ready';
    const lived = clock.monotonic() - this.#bornAt;
    this.#handle = undefined;
    this.#timer?.cancel();
    onGone();
    if (this.#state === 'stopping' || this.#first !== undefined) {
      this.#end(new Error(this.#problem ?? `${name} ended before it was ready: ${words}; its log says why`));
      return;
    }
    // A process that was drained alone is replaced at once.
    const failed = !(clean && wasReady);
    this.#failures = failed ? (lived > STEADY ? 1 : this.#failures + 1) : 0;
    const wait = failed ? backoff(this.#failures - 1, random()) : 0;
    this.#state = 'waiting';
    this.#timer = clock.after(wait, () => this.#launch());
    onLost({ name, words: this.#problem ?? words, wait });
  }

  #end(error: Error): void {
    this.#state = 'stopped';
    this.#first?.reject(error);
    this.#first = undefined;
    this.#whenStopped?.();
  }

  /**
   * Requests the process to stop, and does not replace it.
   *
   * @param within milliseconds after which the process is killed
   * @returns whether it ended by itself
   */
  stop(within: number): Promise<boolean> {
    if (this.#handle === undefined) {
      this.#timer?.cancel();
      this.#state = 'stopped';
      return Promise.resolve(true);
    }
    let forced = false;
    this.#timer?.cancel();
    this.#state = 'stopping';
    this.#handle.send({ type: 'stop' });
    this.#timer = this.#options.clock.after(within, () => {
      forced = true;
      this.#handle?.kill();
    });
    return new Promise((resolve) => {
      this.#whenStopped = () => resolve(!forced);
    });
  }
}
