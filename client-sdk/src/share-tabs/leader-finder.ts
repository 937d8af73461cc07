import { NAME, type ToTab, type ToTabGateway } from './envelope.ts';
import { type Hold, holdLock, type Locks } from './locks.ts';
import { type MessageEndpoint, overBroadcast } from './ports.ts';
import type { Finder, GatewayLink } from './tab.ts';
import { TabGateway, type TabGatewaySetup } from './tab-gateway.ts';

export interface LeaderSetup extends TabGatewaySetup {
  readonly locks: Locks;
  /** Opens a `BroadcastChannel`. */
  readonly channel: (name: string) => MessageEndpoint;
}

/** Messages on the channel that all tabs listen to. */
type Notice =
  | { readonly type: 'leads'; readonly tabGateway: string }
  | { readonly type: 'hello'; readonly hello: Extract<ToTabGateway, { type: 'hello' }> };

const LEADER = `${NAME}:leader`;

// Milliseconds without an answer after which another tab takes the lead.
const TAKEOVER = 2500;

/**
 * Finds the tab gateway in the leading tab: the one that holds the lock. All tabs wait for the
 * lock; when the leader dies, the browser grants it to the next.
 */
export class LeaderFinder implements Finder {
  onMove: () => void = () => {};
  readonly #setup: LeaderSetup;
  #notices: MessageEndpoint | undefined;
  #found: string | undefined;
  #ask: () => void = () => {};
  #request: { readonly lock: Hold; close(): void } | undefined;

  constructor(setup: LeaderSetup) {
    this.#setup = setup;
  }

  find(hello: Extract<ToTabGateway, { type: 'hello' }>): Promise<GatewayLink> {
    this.#listen();
    if (!this.#request) this.#requestLock(false);
    return new Promise((resolve) => {
      const own = this.#setup.channel(`${NAME}:${hello.tab}`);
      this.#ask = () => this.#notices?.postMessage({ type: 'hello', hello } satisfies Notice);
      // A frozen or hanging leader is alive, so the browser does not pass the lock on.
      const takeover = setInterval(() => this.#requestLock(true), TAKEOVER);
      own.onmessage = ({ data }: MessageEvent<{ readonly tabGateway: string; readonly message: ToTab }>) => {
        const { tabGateway, message } = data;
        if (message.type !== 'welcome') return;
        clearInterval(takeover);
        this.#ask = () => {};
        this.#found = tabGateway;
        resolve({ port: overBroadcast(own, tabGateway), lock: message.lock });
      };
      this.#ask();
    });
  }

  distrust(): void {
    this.#found = undefined;
    this.#requestLock(true);
  }

  /**
   * Gives up the lead and stops waiting for it, because the page is closing or freezing. `find`
   * makes the tab a candidate again.
   */
  resign(): void {
    this.#request?.lock.release();
    this.#request?.close();
    this.#request = undefined;
    this.#found = undefined;
    this.#notices?.close();
    this.#notices = undefined;
  }

  #listen(): void {
    if (this.#notices) return;
    this.#notices = this.#setup.channel(NAME);
    this.#notices.onmessage = ({ data }: MessageEvent<Notice>) => {
      if (data.type !== 'leads') return;
      const moved = this.#found !== undefined && this.#found !== data.tabGateway;
      this.#found = undefined;
      if (moved) this.onMove();
      this.#ask();
    };
  }

  /** Waits for the lock, or steals it. */
  #requestLock(steal: boolean): void {
    this.#listen();
    this.#request?.lock.release();
    this.#request?.close();
    const lock = holdLock(this.#setup.locks, LEADER, { steal });
    const request = { lock, close: () => {} };
    this.#request = request;
    void lock.held.then(() => {
      if (this.#request === request) request.close = this.#lead();
      else lock.release();
    });
    void lock.gone.then(() => {
      // Another tab stole the lock while this one was frozen: wait for it again.
      if (this.#request === request) this.#requestLock(false);
    });
  }

  /** @returns a function that gives up the lead */
  #lead(): () => void {
    const { channel } = this.#setup;
    const tabGateway = new TabGateway(this.#setup);
    const notices = channel(NAME);
    notices.onmessage = ({ data }: MessageEvent<Notice>) => {
      if (data.type !== 'hello') return;
      const { hello } = data;
      tabGateway.attach(() => overBroadcast(channel(`${NAME}:${hello.tab}`), tabGateway.name), hello);
    };
    notices.postMessage({ type: 'leads', tabGateway: tabGateway.name } satisfies Notice);
    return () => {
      notices.close();
      tabGateway.close();
    };
  }
}
