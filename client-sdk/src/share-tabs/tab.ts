import { now } from '../now.ts';
import { type Port, randomName, type ToTab, type ToTabGateway, tabLock } from './envelope.ts';
import { type Hold, holdLock, type Locks, whenFree } from './locks.ts';

/** A line to a tab gateway. */
export interface GatewayLink {
  readonly port: Port<ToTab, ToTabGateway>;
  /** The Web Lock that the tab gateway holds as long as it lives. */
  readonly lock?: string | undefined;
}

/** Finds the tab gateway: a SharedWorker, or the tab that leads. */
export interface Finder {
  /** Resolves when a tab gateway has answered, however long that takes; rejects where there can be none. */
  find(hello: Extract<ToTabGateway, { type: 'hello' }>): Promise<GatewayLink>;
  /** The tab gateway that was found does not answer any more. */
  distrust(): void;
  /** Called when there is another tab gateway than the one that was found. */
  onMove?: () => void;
}

/** A virtual socket, as the tab's end of the line sees it. */
export interface LinkSocket {
  readonly url: string;
  readonly timeout: number;
  opened(): void;
  /** A frame came: JSON text. */
  frame(text: string): void;
  closed(code: number, reason: string): void;
}

/** How often the line is looked at, and how long a tab gateway may be silent before it is asked, and again before it is given up. */
const TICK = 1000;
const SILENCE = 3000;

const DRAIN = JSON.stringify({ type: 'drain', reconnectAfter: 0 });

/** The tab's end of the line to the tab gateway: one for a page, however many clients it has. */
export class Tab {
  readonly name = randomName();
  /** No tab gateway can be had: what opens from now on uses a WebSocket of its own. */
  broken = false;
  readonly #finder: Finder;
  readonly #locks: Locks | undefined;
  readonly #life: Hold | undefined;
  readonly #sockets = new Map<number, LinkSocket>();
  #line: GatewayLink | undefined;
  #finding: Promise<void> | undefined;
  #lastSocket = 0;
  #calls = 0;
  #heard = 0;
  #asked = 0;
  #looked = 0;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #unwatch = () => {};

  constructor(finder: Finder, locks?: Locks) {
    this.#finder = finder;
    this.#locks = locks;
    this.#life = locks && holdLock(locks, tabLock(this.name));
    finder.onMove = () => this.lose('Another tab holds the connection now.');
  }

  /** Looks for a tab gateway, unless there is one. Resolves when it is found, or when there can be none. */
  find(): Promise<void> {
    if (this.#line || this.broken) return Promise.resolve();
    this.#finding ??= this.#find().finally(() => {
      this.#finding = undefined;
    });
    return this.#finding;
  }

  /** Opens a virtual socket. Until there is a tab gateway, it waits. */
  open(socket: LinkSocket): number {
    const id = ++this.#lastSocket;
    this.#sockets.set(id, socket);
    void this.find().then(() => {
      if (this.#sockets.get(id) !== socket) return;
      if (this.#line) this.#begin(id, socket, this.#line);
      else this.#drop(id, 'No other tab can be reached.');
    });
    this.#ticking ??= setInterval(() => this.#tick(), TICK);
    return id;
  }

  send(id: number, text: string): void {
    if (this.#sockets.has(id)) this.#line?.port.post({ type: 'frame', socket: id, text });
  }

  close(id: number): void {
    if (!this.#sockets.delete(id)) return;
    this.#line?.port.post({ type: 'close', socket: id });
    if (this.#sockets.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  /** The page is shown again. */
  wake(): void {
    this.#line?.port.post({ type: 'wake' });
  }

  /** The page is going, or is put away: the tab gateway need not wait for it. Its sockets hear of it when it comes back. */
  leave(): void {
    this.#line?.port.post({ type: 'bye' });
    this.#forget();
  }

  /** The line is of no use any more: all sockets are lost, and come back at once. */
  lose(reason: string): void {
    this.#forget();
    for (const id of [...this.#sockets.keys()]) this.#drop(id, reason);
  }

  /** For good. */
  end(): void {
    this.leave();
    this.lose('The tab is gone.');
    clearInterval(this.#ticking);
    this.#life?.release();
  }

  async #find(): Promise<void> {
    // The tab gateway waits for this lock to notice that the tab is gone: it must be held first.
    await this.#life?.held;
    const call = ++this.#calls;
    try {
      this.#take(await this.#finder.find({ type: 'hello', tab: this.name, call, locked: this.#life !== undefined }));
    } catch {
      this.broken = true;
    }
  }

  #take(line: GatewayLink): void {
    this.#line = line;
    this.#heard = now();
    line.port.listen((message) => {
      if (line === this.#line) this.#hear(message);
    });
    const gone = () => line === this.#line && this.lose('The tab that held the connection has gone.');
    if (this.#locks && line.lock !== undefined) this.#unwatch = whenFree(this.#locks, line.lock, gone);
  }

  #begin(id: number, socket: LinkSocket, { port }: GatewayLink): void {
    const { url, timeout } = socket;
    port.post({ type: 'open', socket: id, url, timeout });
    socket.opened();
  }

  #hear(message: ToTab): void {
    this.#heard = now();
    this.#asked = 0;
    if (message.type === 'gone') this.lose('The tab that held the connection has gone.');
    if (message.type === 'frame') {
      const { socket, text } = message;
      this.#line?.port.post({ type: 'taken', socket, size: text.length });
      this.#sockets.get(socket)?.frame(text);
    }
    if (message.type === 'closed') {
      const socket = this.#sockets.get(message.socket);
      this.#sockets.delete(message.socket);
      socket?.closed(message.code, message.reason);
    }
  }

  /** A tab gateway that is frozen or hangs says nothing, although it lives. */
  #tick(): void {
    const line = this.#line;
    const time = now();
    // The page was frozen or busy, and so may have missed the answer: it asks once more.
    if (time - this.#looked > 2 * TICK) this.#asked = 0;
    this.#looked = time;
    if (!line || time - this.#heard < SILENCE) return;
    if (this.#asked === 0) {
      this.#asked = time;
      line.port.post({ type: 'ping' });
    } else if (time - this.#asked >= SILENCE) {
      // A page that was busy or frozen reads what has arrived meanwhile before it judges.
      setTimeout(() => line === this.#line && this.#asked > 0 && this.#giveUp(), 0);
    }
  }

  #giveUp(): void {
    this.#finder.distrust();
    this.lose('The tab that held the connection does not answer.');
  }

  #forget(): void {
    this.#unwatch();
    this.#asked = 0;
    this.#line?.port.close();
    this.#line = undefined;
  }

  #drop(id: number, reason: string): void {
    const socket = this.#sockets.get(id);
    this.#sockets.delete(id);
    socket?.frame(DRAIN);
    socket?.closed(1012, reason);
  }
}
