import { connect, type Socket } from 'node:net';
import type { Clock, Timer } from '../../util/clock.ts';
import { EngineUnavailable } from '../engine.ts';
import { FrameSocket } from './frame-socket.ts';
import type { CallName, Calls, FromOwner, ToOwner, Welcome } from './items.ts';
import { toError } from './refusals.ts';

/** Maximum bytes that wait for the owner. Beyond it, calls are refused. */
const MOST_WAITING = 32 * 1024 * 1024;
/** Milliseconds between two attempts to reach the owner. */
const RETRY = 100;
/** Milliseconds within which the owner must be reached at the start. */
const START = 10_000;

const AWAY = 'the process that holds the engine cannot be reached';

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Announcement = Exclude<FromOwner, readonly ['answer' | 'refusal', ...unknown[]]>;

export interface OwnerLinkOptions {
  /** Path of the owner's socket. */
  readonly path: string;
  readonly clock: Clock;
  readonly onItem: (item: Announcement) => void;
  /** The owner was reached again; it does not know earlier calls. */
  readonly onReached: (welcome: Welcome) => void;
}

/** The way to the engine's owner: it is looked for again whenever it is lost. */
export class OwnerLink {
  readonly #options: OwnerLinkOptions;
  readonly #asked = new Map<number, Asked>();
  #state: 'idle' | 'seeking' | 'reached' | 'closed' = 'idle';
  #frames: FrameSocket | undefined;
  #socket: Socket | undefined;
  #retry: Timer | undefined;
  #count = 0;
  #settle: ((error?: Error) => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: OwnerLinkOptions) {
    this.#options = options;
  }

  get reached(): boolean {
    return this.#state === 'reached';
  }

  /** Resolves when the owner was reached for the first time. */
  start(): Promise<void> {
    const { clock, path } = this.#options;
    return new Promise((resolve, reject) => {
      const late = clock.after(START, () => this.#settle?.(new EngineUnavailable(`${AWAY} at ${path}`)));
      this.#settle = (error) => {
        late.cancel();
        this.#settle = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#seek();
    });
  }

  #seek(): void {
    this.#state = 'seeking';
    const socket = connect(this.#options.path);
    this.#socket = socket;
    const frames = new FrameSocket(socket, {
      items: (items) => this.#take(items as readonly FromOwner[]),
      closed: () => this.#lost(),
    });
    socket.once('connect', () => {
      this.#frames = frames;
      this.#ask('hello', []).then(
        (welcome) => this.#reach(welcome),
        () => {}, // lost again
      );
    });
  }

  #reach(welcome: Welcome): void {
    if (this.#state !== 'seeking') return;
    this.#state = 'reached';
    this.#options.onReached(welcome);
    this.#settle?.();
  }

  #lost(): void {
    this.#frames = undefined;
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(new EngineUnavailable(AWAY));
    if (this.#state === 'closed') return;
    this.#state = 'seeking';
    this.#retry = this.#options.clock.after(RETRY, () => this.#seek());
  }

  /** Asks the owner. Rejects at once with `EngineUnavailable` while it cannot be reached. */
  call<Name extends CallName>(name: Name, ...ask: Calls[Name]['ask']): Promise<Calls[Name]['answer']> {
    if (this.#state !== 'reached') return Promise.reject(new EngineUnavailable(AWAY));
    if ((this.#frames?.waiting ?? 0) > MOST_WAITING) {
      return Promise.reject(new EngineUnavailable('the process that holds the engine cannot keep up'));
    }
    return this.#ask(name, ask);
  }

  #ask<Name extends CallName>(name: Name, ask: Calls[Name]['ask']): Promise<Calls[Name]['answer']> {
    return new Promise((resolve, reject) => {
      const id = ++this.#count;
      this.#asked.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#frames?.send(['call', id, name, ...ask]);
    });
  }

  /** Sends an item to the owner if it is connected. */
  notify(item: Exclude<ToOwner, readonly ['call', ...unknown[]]>): void {
    if (this.#state === 'reached') this.#frames?.send(item);
  }

  #take(items: readonly FromOwner[]): void {
    for (const item of items) {
      if (item[0] === 'answer') this.#answered(item[1])?.resolve(item[2]);
      else if (item[0] === 'refusal') this.#answered(item[1])?.reject(toError(item[2], item[3]));
      else this.#options.onItem(item);
    }
  }

  #answered(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    return asked;
  }

  /** Sends pending items, and stops reconnecting. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { reached } = this;
    this.#state = 'closed';
    this.#retry?.cancel();
    this.#settle?.(new EngineUnavailable('closed'));
    const socket = this.#socket;
    if (socket === undefined || socket.closed) return;
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    if (reached) this.#frames?.end();
    else socket.destroy();
    await gone;
  }
}
