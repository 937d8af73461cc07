import { json, type ServerMessage } from '@sluice/protocol';
import type { Client, ClientOptions } from '../../src/api.ts';
import { createClient } from '../../src/client.ts';
import { FallbackFinder } from '../../src/share-tabs/fallback-finder.ts';
import { LeaderFinder } from '../../src/share-tabs/leader-finder.ts';
import { overPort } from '../../src/share-tabs/ports.ts';
import { type Finder, Tab } from '../../src/share-tabs/tab.ts';
import { TabGateway } from '../../src/share-tabs/tab-gateway.ts';
import { virtualSockets } from '../../src/share-tabs/virtual-socket.ts';
import { WorkerFinder } from '../../src/share-tabs/worker-finder.ts';
import type { WebSocketLike } from '../../src/socket.ts';
import { FakeBrowser, type FakePage } from './fake-browser.ts';
import { SmallGateway } from './small-gateway.ts';

export type Way = 'worker' | 'leader';

/** A tab with a client. */
export interface OpenTab {
  readonly page: FakePage;
  readonly tab: Tab;
  readonly client: Client;
}

/** A tab without a client: the test sends the commands. */
export class RawTab {
  readonly received: ServerMessage[] = [];
  readonly #socket: WebSocketLike;

  constructor(socket: WebSocketLike) {
    this.#socket = socket;
    const keep = ({ data }: { data: string }) => void this.received.push(...([JSON.parse(data)].flat() as []));
    socket.onmessage = keep;
  }

  send(...commands: readonly object[]): void {
    this.#socket.send(JSON.stringify(commands));
  }

  close(): void {
    this.#socket.close();
  }

  /** The messages about a channel, and the answers to a command. */
  about({ channel, id }: { readonly channel?: string; readonly id?: number }): ServerMessage[] {
    return this.received.filter((message) => {
      if ('id' in message) return message.id === id;
      return 'channel' in message && message.channel === channel;
    });
  }
}

/** A browser with tabs that share a connection, and a gateway. */
export class Tabs {
  readonly gateway = new SmallGateway();
  readonly browser = new FakeBrowser();
  readonly #way: Way;
  #worker: { readonly page: FakePage; readonly tabGateway: TabGateway } | undefined;

  constructor(way: Way) {
    this.#way = way;
  }

  open(options: Partial<ClientOptions> = {}): OpenTab {
    const page = this.browser.page();
    const leader = this.#leaderFinder(page);
    const ways = this.#way === 'worker' ? [this.#workerFinder(page), leader] : [leader];
    const tab = new Tab(new FallbackFinder(ways), page.locks);
    const { codec = json, timeout = 15_000 } = options;
    const WebSocket = virtualSockets(tab, { codec, timeout, WebSocket: this.gateway.webSocket(page) });
    const client = createClient({ url: 'ws://gateway.test/ws', ...options, WebSocket });
    return { page, tab, client };
  }

  /** Opens a tab whose page speaks the protocol itself. */
  async openRaw(): Promise<RawTab> {
    const page = this.browser.page();
    const tab = new Tab(new FallbackFinder([this.#leaderFinder(page)]), page.locks);
    await tab.find();
    const WebSocket = virtualSockets(tab, { codec: json, timeout: 15_000, WebSocket: this.gateway.webSocket(page) });
    return new RawTab(new WebSocket('ws://gateway.test/ws'));
  }

  /** Kills the tab without notice. */
  kill({ page, client }: OpenTab): void {
    page.kill();
    this.gateway.bury();
    // The rest of the tab must not continue in this process.
    client.close();
  }

  /** Kills the worker. The next tab that needs one starts another. */
  killWorker(): void {
    this.#worker?.page.kill();
    this.#worker = undefined;
    this.gateway.bury();
  }

  /** Makes the worker hang. Tabs that need one continue without it. */
  freezeWorker(): void {
    this.#worker?.page.freeze();
  }

  #leaderFinder(page: FakePage): Finder {
    const WebSocket = this.gateway.webSocket(page);
    const channel = (name: string) => page.channel(name);
    return new LeaderFinder({ locks: page.locks, create: createClient, WebSocket, channel });
  }

  #workerFinder(page: FakePage): Finder {
    return new WorkerFinder(() => {
      const worker = this.#startWorker();
      const [near, far] = this.browser.pair(page, worker.page);
      far.onmessage = ({ data }) => {
        if (data.type === 'hello') worker.tabGateway.attach(() => overPort(far), data);
      };
      return { port: near, onerror: null };
    });
  }

  #startWorker() {
    if (this.#worker) return this.#worker;
    const page = this.browser.page();
    const tabGateway = new TabGateway({
      create: createClient,
      locks: page.locks,
      WebSocket: this.gateway.webSocket(page),
    });
    this.#worker = { page, tabGateway };
    return this.#worker;
  }
}
