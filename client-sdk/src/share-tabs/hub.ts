import type { Client, ClientOptions } from '../api.ts';
import { now } from '../now.ts';
import type { WebSocketConstructor } from '../socket.ts';
import { type Port, randomName, type ToHub, type ToTab, tabLock } from './envelope.ts';
import { Group } from './group.ts';
import { type Hold, holdLock, type Locks, whenFree } from './locks.ts';
import { Session } from './session.ts';

export interface HubSetup {
  /** `createClient`. */
  readonly create: (options: ClientOptions) => Client;
  /** The class of WebSockets for the connections to the gateway. Default: the global one. */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /** Without them the death of a tab is noticed by its silence only. */
  readonly locks?: Locks | undefined;
  /** A tab is shown again, which is not seen where the hub is. */
  readonly wake?: () => void;
}

// A tab that has not read so many characters, and none of them for so many milliseconds, is frozen.
const UNREAD = 1 << 22;
const STALLED = 10_000;

// Where there are no locks: a tab says something every few seconds, in the background once a minute.
const SILENT = 180_000;

/** The place where the connections are: virtual gateway to all tabs. It runs in a SharedWorker, or in one of the tabs. */
export class Hub {
  readonly name = randomName();
  readonly #setup: HubSetup;
  readonly #groups = new Map<string, Group>();
  readonly #tabs = new Map<string, TabEnd>();
  readonly #life: Hold | undefined;

  constructor(setup: HubSetup) {
    this.#setup = setup;
    this.#life = setup.locks && holdLock(setup.locks, `hub:${this.name}`);
  }

  /**
   * A tab has said hello.
   *
   * @param open makes this end of the line
   */
  attach(open: () => Port<ToHub, ToTab>, { tab, call, locked }: Extract<ToHub, { type: 'hello' }>): void {
    const known = this.#tabs.get(tab);
    // It asked twice before it was answered: what it has said behind that was said to this end.
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
    const welcome = { type: 'welcome', hub: this.name } as const;
    if (this.#life) void this.#life.held.then(() => port.post({ ...welcome, lock: `hub:${this.name}` }));
    else port.post(welcome);
  }

  /** Ends all connections; the tabs look for another hub. */
  close(): void {
    for (const group of [...this.#groups.values()]) group.close();
    for (const end of [...this.#tabs.values()]) {
      end.dismiss();
      end.end();
    }
    this.#life?.release();
  }

  #group({ identity, url, timeout }: GroupName): Group {
    const name = `${url} ${identity}`;
    const known = this.#groups.get(name);
    if (known) return known;
    const { create, WebSocket } = this.#setup;
    const ended = (group: Group) => {
      if (this.#groups.get(name) === group) this.#groups.delete(name);
    };
    const group = new Group({ url, timeout, create, WebSocket, ended, anonymous: identity === 'anonymous' });
    this.#groups.set(name, group);
    return group;
  }
}

interface GroupName {
  readonly identity: string;
  readonly url: string;
  readonly timeout: number;
}

interface Seat {
  readonly session: Session;
  unread: number;
  /** When something was read last, or everything had been. */
  read: number;
}

/** Waits for the moment when a tab is gone. `heard` puts it off, where silence is the only sign. */
type Guard = (gone: () => void, heard: () => number) => () => void;

const afterSilence: Guard = (gone, heard) => {
  const timer = setInterval(() => {
    if (now() - heard() > SILENT) gone();
  }, SILENT / 10);
  return () => clearInterval(timer);
};

interface TabHost {
  readonly call: number;
  readonly group: (name: GroupName) => Group;
  readonly ended: () => void;
  readonly wake?: (() => void) | undefined;
}

/** The hub's end of the line to one tab, with the tab's virtual sockets on it. */
class TabEnd {
  readonly port: Port<ToHub, ToTab>;
  /** Which time the tab has looked for a hub. */
  readonly call: number;
  readonly #host: TabHost;
  readonly #seats = new Map<number, Seat>();
  #heard = now();
  #unguard = () => {};

  constructor(port: Port<ToHub, ToTab>, host: TabHost) {
    this.port = port;
    this.call = host.call;
    this.#host = host;
    port.listen((message) => this.#hear(message));
  }

  guard(guard: Guard): void {
    this.#unguard = guard(
      () => this.end(),
      () => this.#heard,
    );
  }

  /** The hub is going. */
  dismiss(): void {
    this.port.post({ type: 'gone' });
  }

  /** The tab is gone. */
  end(): void {
    this.#unguard();
    for (const { session } of [...this.#seats.values()]) session.end();
    this.#seats.clear();
    this.port.close();
    this.#host.ended();
  }

  #hear(message: ToHub): void {
    this.#heard = now();
    switch (message.type) {
      case 'open':
        this.#open(message);
        break;
      case 'frame':
        this.#seats.get(message.socket)?.session.receive(message.text);
        break;
      case 'taken':
        this.#taken(message.socket, message.size);
        break;
      case 'close':
        this.#seats.get(message.socket)?.session.end();
        this.#seats.delete(message.socket);
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

  #open({ socket, url, timeout }: Extract<ToHub, { type: 'open' }>): void {
    const session = new Session({
      frame: (text) => this.#frame(socket, text),
      closed: (code, reason) => {
        this.#seats.delete(socket);
        this.port.post({ type: 'closed', socket, code, reason });
      },
      group: (identity) => this.#host.group({ identity, url, timeout }),
    });
    this.#seats.set(socket, { session, unread: 0, read: now() });
  }

  #frame(socket: number, text: string): void {
    const seat = this.#seats.get(socket);
    if (!seat) return;
    if (seat.unread === 0) seat.read = now();
    seat.unread += text.length;
    // It resumes from its position when it thaws.
    if (seat.unread > UNREAD && now() - seat.read > STALLED) seat.session.close(4004, 'slow_reader');
    else this.port.post({ type: 'frame', socket, text });
  }

  #taken(socket: number, size: number): void {
    const seat = this.#seats.get(socket);
    if (!seat) return;
    seat.unread -= size;
    seat.read = now();
  }
}
