import type { WebSocketConstructor, WebSocketLike } from '../socket.ts';
import type { NetworkCondition } from './api.ts';
import { findStreamClass, StreamSocket } from './stream-socket.ts';

type Frame = string | Uint8Array<ArrayBuffer>;

interface Message {
  readonly data: string | ArrayBuffer;
}

/** What sees every frame. */
export interface FrameObserver {
  sent(data: string | Uint8Array): void;
  received(data: string | Uint8Array): void;
  /** The condition, or the number of waiting frames, has changed. */
  changed(): void;
}

/** Code of a connection that was lost without a close frame. RFC 6455 section 7.1.5. */
const LOST = { code: 1006, reason: '' };

/** The network between one page and its gateway: every socket passes through it. */
export class Network {
  condition: NetworkCondition = 'normal';
  /** Milliseconds between two frames while it is slow. */
  delay = 500;
  readonly WebSocket: WebSocketConstructor;
  readonly #Class: WebSocketConstructor | undefined;
  readonly #sockets = new Set<ObservedSocket>();
  readonly #observer: FrameObserver;
  /** Let sockets that wait for their next frame go on. */
  readonly #wakes = new Set<() => void>();

  constructor(Class: WebSocketConstructor | undefined, observer: FrameObserver) {
    this.#Class = Class;
    this.#observer = observer;
    const open = (url: string | URL, protocols: string | string[] = []) => {
      const socket = new ObservedSocket(this, observer);
      this.#sockets.add(socket);
      socket.connect(() => this.#open(url, protocols));
      return socket;
    };
    this.WebSocket = class {
      constructor(url: string | URL, protocols?: string | string[]) {
        // biome-ignore lint/correctness/noConstructorReturn: the socket is of another class
        return open(url, protocols);
      }
    } as unknown as WebSocketConstructor;
  }

  #open(url: string | URL, protocols: string | string[]): WebSocketLike {
    const Stream = this.#streamClass;
    if (Stream !== undefined && this.condition === 'slow') {
      return new StreamSocket(Stream, url, { protocols: [protocols].flat(), pace: () => this.#pace() });
    }
    const Inner = this.#Class ?? (globalThis.WebSocket as unknown as WebSocketConstructor);
    return new Inner(url, protocols);
  }

  /** What reads slowly from the socket itself, unless the application has a class of its own. */
  get #streamClass() {
    return this.#Class === undefined ? findStreamClass() : undefined;
  }

  /** Resolves when a slow socket may read its next frame. */
  #pace(): Promise<void> {
    if (this.condition !== 'slow') return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, this.delay);
      this.#wakes.add(wake);
    });
  }

  /** Frames that have arrived and wait. */
  get waiting(): number {
    let waiting = 0;
    for (const socket of this.#sockets) waiting += socket.waiting;
    return waiting;
  }

  set(condition: NetworkCondition, delay = this.delay): void {
    this.condition = condition;
    this.delay = delay;
    for (const socket of [...this.#sockets]) {
      // Only a socket that is opened now can be read slowly.
      if (condition === 'cut' || (condition === 'slow' && this.#streamClass && !socket.paced)) socket.lose();
      else if (condition === 'normal') socket.release();
    }
    if (condition !== 'slow') for (const wake of [...this.#wakes]) wake();
    this.#observer.changed();
  }

  forget(socket: ObservedSocket): void {
    this.#sockets.delete(socket);
  }
}

/** A WebSocket whose frames can be seen, delayed and lost. */
export class ObservedSocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly #network: Network;
  readonly #observer: FrameObserver;
  /** What waits while the network is slow: frames, and at last the close. */
  #late: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #inner: WebSocketLike | undefined;
  #ended = false;

  constructor(network: Network, observer: FrameObserver) {
    this.#network = network;
    this.#observer = observer;
  }

  connect(open: () => WebSocketLike): void {
    if (this.#network.condition === 'cut') {
      this.#timer = setTimeout(() => this.lose());
      return;
    }
    const inner = open();
    this.#inner = inner;
    inner.onopen = (event: never) => this.onopen?.(event);
    inner.onerror = (event: never) => this.onerror?.(event);
    inner.onmessage = ((event: Message) => this.#pass(() => this.#receive(event))) as never;
    inner.onclose = ((event: typeof LOST) => this.#pass(() => this.#close(event))) as never;
  }

  get binaryType(): string {
    return this.#inner?.binaryType ?? '';
  }

  set binaryType(type: string) {
    if (this.#inner) this.#inner.binaryType = type;
  }

  get waiting(): number {
    return this.#late.length;
  }

  /** Does it read its frames slowly by itself? */
  get paced(): boolean {
    return this.#inner instanceof StreamSocket;
  }

  send(data: Frame): void {
    this.#observer.sent(data);
    this.#inner?.send(data);
  }

  close(code?: number, reason?: string): void {
    this.#end();
    this.#inner?.close(code, reason);
  }

  terminate(): void {
    this.#inner?.terminate?.();
  }

  /** The connection is lost, as both ends find out. */
  lose(): void {
    if (this.#ended) return;
    const inner = this.#inner;
    if (inner) {
      inner.onopen = inner.onmessage = inner.onclose = null;
      inner.close();
    }
    this.#late = [];
    this.onerror?.({} as never);
    this.#close(LOST);
  }

  /** Hands over what waits. */
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const late = this.#late;
    this.#late = [];
    for (const act of late) act();
  }

  #pass(act: () => void): void {
    if (this.#ended) return;
    if (this.paced || (this.#network.condition !== 'slow' && this.#late.length === 0)) {
      act();
      return;
    }
    this.#late.push(act);
    this.#observer.changed();
    this.#timer ??= setTimeout(() => this.#next(), this.#network.delay);
  }

  #next(): void {
    this.#timer = undefined;
    this.#late.shift()?.();
    this.#observer.changed();
    if (this.#late.length > 0) this.#timer = setTimeout(() => this.#next(), this.#network.delay);
  }

  #receive(event: Message): void {
    const { data } = event;
    this.#observer.received(typeof data === 'string' ? data : new Uint8Array(data));
    this.onmessage?.(event as never);
  }

  #close(event: typeof LOST): void {
    if (this.#ended) return;
    this.#end();
    this.onclose?.(event as never);
  }

  #end(): void {
    this.#ended = true;
    this.#late = [];
    clearTimeout(this.#timer);
    this.#network.forget(this);
  }
}
