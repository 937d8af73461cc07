import { now } from '../now.ts';
import { type Port, randomName, type ToTab, type ToTabGateway, tabLock } from './envelope.ts';
import { type Hold, holdLock, type Locks, whenFree } from './locks.ts';

/** A connection from a tab to a tab gateway. */
export interface GatewayLink {
  readonly port: Port<ToTab, ToTabGateway>;
  /** The Web Lock that the tab gateway holds while it is alive. */
  readonly lock?: string | undefined;
}

/** Finds the tab gateway: a SharedWorker, or the leading tab. */
export interface Finder {
  /** Resolves when a tab gateway has answered, with no timeout. Rejects if there cannot be one. */
  find(hello: Extract<ToTabGateway, { type: 'hello' }>): Promise<GatewayLink>;
  /** The tab gateway no longer answers. */
  distrust(): void;
  /** Called when another tab gateway replaces the one that was found. */
  onMove?: () => void;
}

/** A virtual socket, as the tab uses it. */
export interface LinkSocket {
  readonly url: string;
  readonly timeout: number;
  opened(): void;
  /** A frame arrived, as JSON text. */
  frame(text: string): void;
  closed(code: number, reason: string): void;
}

/**
 * Milliseconds between checks; and of silence before the tab gateway is pinged, and again before it
 * is given up.
 */
const TICK = 1000;
const SILENCE = 3000;

const DRAIN = JSON.stringify({ type: 'drain', reconnectAfter: 0 });

/** The tab's side of the connection to the tab gateway. There is one per page, shared by all its clients. */
export class Tab {
  readonly name = randomName();
  /** No tab gateway is available: new connections use their own WebSocket. */
  broken = false;
  readonly #finder: Finder;
  readonly #locks: Locks | undefined;
  readonly #lock: Hold | undefined;
  readonly #sockets = new Map<number, LinkSocket>();
  #link: GatewayLink | undefined;
  #finding: Promise<void> | undefined;
  #lastSocket = 0;
  #calls = 0;
  #lastMessage = 0;
  #pinged = 0;
  #ticked = 0;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #unwatch = () => {};

  constructor(finder: Finder, locks?: Locks) {
    this.#finder = finder;
    this.#locks = locks;
    this.#lock = locks && holdLock(locks, tabLock(this.name));
    finder.onMove = () => this.lose('Another tab gateway has taken over the connection.');
  }

  /** Looks for a tab gateway unless one is known. Resolves when one is found, or none is available. */
  find(): Promise<void> {
    if (this.#link || this.broken) return Promise.resolve();
    this.#finding ??= this.#find().finally(() => {
      this.#finding = undefined;
    });
    return this.#finding;
  }

  /** Opens a virtual socket. It waits for a tab gateway if necessary. */
  open(socket: LinkSocket): number {
    const id = ++this.#lastSocket;
    this.#sockets.set(id, socket);
    void this.find().then(() => {
      if (this.#sockets.get(id) !== socket) return;
      if (this.#link) this.#begin(id, socket, this.#link);
      else this.#drop(id, 'No tab gateway is available.');
    });
    this.#ticking ??= setInterval(() => this.#tick(), TICK);
    return id;
  }

  send(id: number, text: string): void {
    if (this.#sockets.has(id)) this.#link?.port.post({ type: 'frame', socket: id, text });
  }

  close(id: number): void {
    if (!this.#sockets.delete(id)) return;
    this.#link?.port.post({ type: 'close', socket: id });
    if (this.#sockets.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  /** The page is shown again. */
  wake(): void {
    this.#link?.port.post({ type: 'wake' });
  }

  /**
   * The page is closing or freezing, so the tab gateway need not wait for it. Its sockets are
   * closed when it is restored.
   */
  leave(): void {
    this.#link?.port.post({ type: 'bye' });
    this.#forget();
  }

  /**
   * The connection to the tab gateway is lost: all sockets close, and their clients reconnect
   * immediately.
   */
  lose(reason: string): void {
    this.#forget();
    for (const id of [...this.#sockets.keys()]) this.#drop(id, reason);
  }

  /** Ends it permanently. */
  end(): void {
    this.leave();
    this.lose('The tab was closed.');
    clearInterval(this.#ticking);
    this.#lock?.release();
  }

  async #find(): Promise<void> {
    // The tab gateway watches this lock to notice that the tab has died, so acquire it first.
    await this.#lock?.held;
    const call = ++this.#calls;
    try {
      this.#use(await this.#finder.find({ type: 'hello', tab: this.name, call, locked: this.#lock !== undefined }));
    } catch {
      this.broken = true;
    }
  }

  #use(link: GatewayLink): void {
    this.#link = link;
    this.#lastMessage = now();
    link.port.listen((message) => {
      if (link === this.#link) this.#receive(message);
    });
    const gone = () => link === this.#link && this.lose('The tab gateway was closed.');
    if (this.#locks && link.lock !== undefined) this.#unwatch = whenFree(this.#locks, link.lock, gone);
  }

  #begin(id: number, socket: LinkSocket, { port }: GatewayLink): void {
    const { url, timeout } = socket;
    port.post({ type: 'open', socket: id, url, timeout });
    socket.opened();
  }

  #receive(message: ToTab): void {
    this.#lastMessage = now();
    this.#pinged = 0;
    if (message.type === 'gone') this.lose('The tab gateway was closed.');
    if (message.type === 'frame') {
      const { socket, text } = message;
      this.#link?.port.post({ type: 'taken', socket, size: text.length });
      this.#sockets.get(socket)?.frame(text);
    }
    if (message.type === 'closed') {
      const socket = this.#sockets.get(message.socket);
      this.#sockets.delete(message.socket);
      socket?.closed(message.code, message.reason);
    }
  }

  /** Pings a silent tab gateway: a frozen or hanging one keeps its lock. */
  #tick(): void {
    const link = this.#link;
    const time = now();
    // The page was frozen or busy and may have missed the answer: ping again.
    if (time - this.#ticked > 2 * TICK) this.#pinged = 0;
    this.#ticked = time;
    if (!link || time - this.#lastMessage < SILENCE) return;
    if (this.#pinged === 0) {
      this.#pinged = time;
      link.port.post({ type: 'ping' });
    } else if (time - this.#pinged >= SILENCE) {
      // Let a page that was busy or frozen first read the messages that have arrived.
      setTimeout(() => link === this.#link && this.#pinged > 0 && this.#giveUp(), 0);
    }
  }

  #giveUp(): void {
    this.#finder.distrust();
    this.lose('The tab gateway does not answer.');
  }

  #forget(): void {
    this.#unwatch();
    this.#pinged = 0;
    this.#link?.port.close();
    this.#link = undefined;
  }

  #drop(id: number, reason: string): void {
    const socket = this.#sockets.get(id);
    this.#sockets.delete(id);
    socket?.frame(DRAIN);
    socket?.closed(1012, reason);
  }
}
