import type { Client, ClientOptions } from '../api.ts';
import { SLOW_READER } from '../codes.ts';
import { now } from '../now.ts';
import type { WebSocketConstructor } from '../socket.ts';
import { type Port, randomName, type ToTab, type ToTabGateway, tabLock } from './envelope.ts';
import { type Hold, holdLock, type Locks, whenFree } from './locks.ts';
import { TabGroup } from './tab-group.ts';
import { VirtualConnection } from './virtual-connection.ts';

export interface TabGatewaySetup {
  /** `createClient`. */
  readonly create: (options: ClientOptions) => Client;
  /** The class of WebSockets for connections to the gateway. Default: the global one. */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /** Without locks, only silence shows that a tab has died. */
  readonly locks?: Locks | undefined;
  /** Called when a tab is shown again, which the tab gateway's own page or worker cannot see. */
  readonly wake?: () => void;
}

// A tab counts as frozen if this number of characters is unread, and none was read for this number
// of milliseconds.
const UNREAD = 1 << 22;
const STALLED = 10_000;

// Milliseconds of silence without locks. A tab sends something every few seconds, in the background
// once a minute.
const SILENT = 180_000;

/**
 * Holds the connections and acts as a gateway for all tabs. Runs in a SharedWorker, or in one of
 * the tabs.
 */
export class TabGateway {
  readonly name = randomName();
  readonly #setup: TabGatewaySetup;
  readonly #groups = new Map<string, TabGroup>();
  readonly #tabs = new Map<string, TabEnd>();
  readonly #lock: Hold | undefined;

  constructor(setup: TabGatewaySetup) {
    this.#setup = setup;
    this.#lock = setup.locks && holdLock(setup.locks, `gateway:${this.name}`);
  }

  /**
   * Handles a tab's `hello`.
   *
   * @param open creates this end of the connection
   */
  attach(open: () => Port<ToTabGateway, ToTab>, { tab, call, locked }: Extract<ToTabGateway, { type: 'hello' }>): void {
    const known = this.#tabs.get(tab);
    // The tab asked twice before the answer arrived: keep this end, since later messages were sent
    // to it.
    if (known?.call === call) {
      this.#welcome(known);
      return;
    }
    known?.end();
    const ended = () => {
      if (this.#tabs.get(tab) === end) this.#tabs.delete(tab);
    };
    const end: TabEnd = new TabEnd(open(), { call, ended, group: (name) => this.#group(name), wake: this.#setup.wake });
    this.#tabs.set(tab, end);
    const { locks } = this.#setup;
    end.guard(locks && locked ? (run) => whenFree(locks, tabLock(tab), run) : afterSilence);
    this.#welcome(end);
  }

  #welcome({ port }: TabEnd): void {
    const welcome = { type: 'welcome', tabGateway: this.name } as const;
    if (this.#lock) void this.#lock.held.then(() => port.post({ ...welcome, lock: `gateway:${this.name}` }));
    else port.post(welcome);
  }

  /** Ends all connections. The tabs look for another tab gateway. */
  close(): void {
    for (const group of [...this.#groups.values()]) group.close();
    for (const end of [...this.#tabs.values()]) {
      end.dismiss();
      end.end();
    }
    this.#lock?.release();
  }

  #group({ identity, url, timeout }: GroupName): TabGroup {
    const name = `${url} ${identity}`;
    const known = this.#groups.get(name);
    if (known) return known;
    const { create, WebSocket } = this.#setup;
    const ended = (group: TabGroup) => {
      if (this.#groups.get(name) === group) this.#groups.delete(name);
    };
    const group = new TabGroup({ url, timeout, create, WebSocket, ended, anonymous: identity === 'anonymous' });
    this.#groups.set(name, group);
    return group;
  }
}

interface GroupName {
  readonly identity: string;
  readonly url: string;
  readonly timeout: number;
}

interface SocketEntry {
  readonly connection: VirtualConnection;
  unread: number;
  /** When data was last read, or all of it had been. */
  read: number;
}

/**
 * Waits until a tab has died. If silence is the only sign, `lastMessage` returns the time of the
 * tab's last message.
 */
type Guard = (gone: () => void, lastMessage: () => number) => () => void;

const afterSilence: Guard = (gone, lastMessage) => {
  const timer = setInterval(() => {
    if (now() - lastMessage() > SILENT) gone();
  }, SILENT / 10);
  return () => clearInterval(timer);
};

interface TabHost {
  readonly call: number;
  readonly group: (name: GroupName) => TabGroup;
  readonly ended: () => void;
  readonly wake?: (() => void) | undefined;
}

/** The tab gateway's end of the connection to one tab, with the tab's virtual sockets. */
class TabEnd {
  readonly port: Port<ToTabGateway, ToTab>;
  /** The number of the tab's search that this end answers. */
  readonly call: number;
  readonly #host: TabHost;
  readonly #sockets = new Map<number, SocketEntry>();
  #lastMessage = now();
  #unguard = () => {};

  constructor(port: Port<ToTabGateway, ToTab>, host: TabHost) {
    this.port = port;
    this.call = host.call;
    this.#host = host;
    port.listen((message) => this.#receive(message));
  }

  guard(guard: Guard): void {
    this.#unguard = guard(
      () => this.end(),
      () => this.#lastMessage,
    );
  }

  /** Notifies the tab that the tab gateway is closing. */
  dismiss(): void {
    this.port.post({ type: 'gone' });
  }

  /** The tab has died or left. */
  end(): void {
    this.#unguard();
    for (const { connection } of [...this.#sockets.values()]) connection.end();
    this.#sockets.clear();
    this.port.close();
    this.#host.ended();
  }

  #receive(message: ToTabGateway): void {
    this.#lastMessage = now();
    switch (message.type) {
      case 'open':
        this.#open(message);
        break;
      case 'frame':
        this.#sockets.get(message.socket)?.connection.receive(message.text);
        break;
      case 'taken':
        this.#taken(message.socket, message.size);
        break;
      case 'close':
        this.#sockets.get(message.socket)?.connection.end();
        this.#sockets.delete(message.socket);
        break;
      case 'ping':
        this.port.post({ type: 'pong' });
        break;
      case 'wake':
        this.#host.wake?.();
        break;
      case 'bye':
        this.end();
    }
  }

  #open({ socket, url, timeout }: Extract<ToTabGateway, { type: 'open' }>): void {
    const connection = new VirtualConnection({
      frame: (text) => this.#frame(socket, text),
      closed: (code, reason) => {
        this.#sockets.delete(socket);
        this.port.post({ type: 'closed', socket, code, reason });
      },
      group: (identity) => this.#host.group({ identity, url, timeout }),
    });
    this.#sockets.set(socket, { connection, unread: 0, read: now() });
  }

  #frame(socket: number, text: string): void {
    const entry = this.#sockets.get(socket);
    if (!entry) return;
    if (entry.unread === 0) entry.read = now();
    entry.unread += text.length;
    // The tab resumes from its position when it is active again.
    if (entry.unread > UNREAD && now() - entry.read > STALLED) entry.connection.close(SLOW_READER, 'slow_reader');
    else this.port.post({ type: 'frame', socket, text });
  }

  #taken(socket: number, size: number): void {
    const entry = this.#sockets.get(socket);
    if (!entry) return;
    entry.unread -= size;
    entry.read = now();
  }
}
