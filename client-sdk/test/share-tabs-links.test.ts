import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../src/client.ts';
import type { ToTab, ToTabGateway } from '../src/share-tabs/envelope.ts';
import { type Locks, whenFree } from '../src/share-tabs/locks.ts';
import type { MessageEndpoint } from '../src/share-tabs/ports.ts';
import { type GatewayLink, type LinkSocket, Tab } from '../src/share-tabs/tab.ts';
import { TabGateway } from '../src/share-tabs/tab-gateway.ts';
import { WorkerFinder } from '../src/share-tabs/worker-finder.ts';
import { pass, turn } from './support/fake-gateway.ts';
import { SmallGateway, unsigned } from './support/small-gateway.ts';

const HOUR = 3_600_000;
const HELLO = { type: 'hello', tab: 't', call: 1, locked: false } as const;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A tab gateway that answers while it is `alive`. */
class FakeTabGateway {
  alive = true;
  readonly received: ToTabGateway[] = [];
  distrusted = 0;
  found: Promise<unknown> = Promise.resolve();

  async find(): Promise<GatewayLink> {
    await this.found;
    let receive: (message: ToTab) => void = () => {};
    return {
      port: {
        post: (message) => {
          this.received.push(message);
          if (this.alive && message.type === 'ping') queueMicrotask(() => receive({ type: 'pong' }));
        },
        listen: (handler) => {
          receive = handler;
        },
        close: () => {},
      },
    };
  }

  distrust(): void {
    this.distrusted++;
  }

  count(type: ToTabGateway['type']): number {
    return this.received.filter((message) => message.type === type).length;
  }
}

function socket(): LinkSocket & { readonly closed: ReturnType<typeof vi.fn<(code: number, reason: string) => void>> } {
  const closed = vi.fn<(code: number, reason: string) => void>();
  return { url: 'ws://gateway.test/ws', timeout: 15_000, opened: () => {}, frame: () => {}, closed };
}

describe('a tab', () => {
  const MUTE = [1012, 'The tab gateway does not answer.'];

  it.each([0, -HOUR, -24 * HOUR])('gives up a silent tab gateway, even if the clock is set by %i ms', async (ms) => {
    const tabGateway = new FakeTabGateway();
    const tab = new Tab(tabGateway);
    const lost = socket();
    tab.open(lost);
    await pass(5000);
    tabGateway.alive = false;
    vi.setSystemTime(Date.now() + ms);
    await pass(10_000);
    expect([tabGateway.distrusted, lost.closed.mock.calls]).toEqual([1, [MUTE]]);
    tab.end();
  });

  it('checks its tab gateway again when it opens a socket after all were closed', async () => {
    const tabGateway = new FakeTabGateway();
    const tab = new Tab(tabGateway);
    const first = tab.open(socket());
    await turn();
    tab.close(first);
    const second = socket();
    tab.open(second);
    tabGateway.alive = false;
    await pass(10_000);
    expect(second.closed.mock.calls).toEqual([MUTE]);
    tab.end();
  });

  it('checks once for all its sockets, and stops when the last one is closed', async () => {
    const tabGateway = new FakeTabGateway();
    const tab = new Tab(tabGateway);
    const ids = [socket(), socket(), socket()].map((one) => tab.open(one));
    await turn();
    expect(vi.getTimerCount()).toBe(1);
    for (const id of ids) tab.close(id);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks a tab gateway again after the tab itself was frozen, before it gives up', async () => {
    const tabGateway = new FakeTabGateway();
    const tab = new Tab(tabGateway);
    const kept = socket();
    tab.open(kept);
    await pass(1500);
    tabGateway.alive = false;
    await pass(3000);
    expect(tabGateway.count('ping')).toBe(1);
    // The page is frozen: time passes, no timer fires, and the tab gateway's answers are lost.
    tabGateway.alive = true;
    vi.setSystemTime(Date.now() + HOUR);
    await pass(3000);
    expect([tabGateway.distrusted, kept.closed.mock.calls]).toEqual([0, []]);
    tab.end();
  });

  it('does not open a socket that was closed during the search for a tab gateway', async () => {
    const tabGateway = new FakeTabGateway();
    let answer = () => {};
    tabGateway.found = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const tab = new Tab(tabGateway);
    tab.close(tab.open(socket()));
    answer();
    await turn();
    expect(tabGateway.count('open')).toBe(0);
  });
});

describe('the worker finder', () => {
  function worker() {
    const port = { onmessage: null as MessageEndpoint['onmessage'], postMessage: vi.fn(), close: vi.fn() };
    const finder = new WorkerFinder(() => ({ port, onerror: null }));
    const welcome = () => port.onmessage?.({ data: { type: 'welcome', tabGateway: 'h' } } as MessageEvent);
    return { port, finder, welcome };
  }

  it('closes the connection to a worker that does not answer in time', async () => {
    const { port, finder } = worker();
    const found = expect(finder.find(HELLO)).rejects.toThrow('The worker does not answer.');
    await pass(1500);
    await found;
    expect(port.close).toHaveBeenCalledOnce();
  });

  it('keeps the connection to a worker that has answered', async () => {
    const { port, finder, welcome } = worker();
    const found = finder.find(HELLO);
    welcome();
    await found;
    await pass(60_000);
    expect([port.close.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

it('does not report a lock that becomes free in the turn in which the wait ends', () => {
  let grant = (): unknown => undefined;
  const locks: Locks = {
    request: (_name, _options, granted) => {
      grant = granted;
      return Promise.resolve();
    },
  };
  const run = vi.fn();
  const stop = whenFree(locks, 'a', run);
  stop();
  grant();
  expect(run).not.toHaveBeenCalled();
  whenFree(locks, 'a', run);
  grant();
  expect(run).toHaveBeenCalledOnce();
});

describe('a tab gateway', () => {
  let serial = 0;
  const tokenOf = (sub: string) => unsigned({ sub, exp: Date.now() / 1000 + 86_400, jti: ++serial });

  function open() {
    const gateway = new SmallGateway();
    const tabGateway = new TabGateway({ create: createClient, WebSocket: gateway.webSocket() });
    return { gateway, tabGateway };
  }

  /** A tab without a client: the test sends its messages. */
  async function join(tabGateway: TabGateway, tab: string, token = tokenOf('ada')) {
    const posted: ToTab[] = [];
    let receive: (message: ToTabGateway) => void = () => {};
    const port = {
      post: (message: ToTab) => posted.push(message),
      listen: (handler: typeof receive) => {
        receive = handler;
      },
      close() {},
    };
    tabGateway.attach(() => port, { ...HELLO, tab });
    const send = (...commands: object[]) => receive({ type: 'frame', socket: 1, text: JSON.stringify(commands) });
    receive({ type: 'open', socket: 1, url: 'ws://gateway.test/ws', timeout: 15_000 });
    send({ type: 'connect', id: 1, token });
    await pass(10);
    /** The messages that the tab received, as if from the gateway. */
    const received = () =>
      posted
        .splice(0)
        .flatMap((message): { type: string; error?: { name: string } }[] =>
          message.type === 'frame' ? [JSON.parse(message.text)].flat() : [],
        );
    return {
      send,
      received,
      leave: () => receive({ type: 'bye' }),
      receive: (message: ToTabGateway) => receive(message),
    };
  }

  const members = (gateway: SmallGateway) => gateway.members('a').map(({ state }) => state);

  it('asks no tab for a token after it is closed', async () => {
    const { gateway, tabGateway } = open();
    const tab = await join(tabGateway, 't');
    gateway.pushToAll({ type: 'refresh', expiresAt: Date.now() + 1000 });
    await pass(10);
    expect(tab.received().at(-1)).toMatchObject({ type: 'refresh' });
    tabGateway.close();
    await pass(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps the state of each closed tab for the whole grace period', async () => {
    const { gateway, tabGateway } = open();
    const tabs = [await join(tabGateway, 'x'), await join(tabGateway, 'y'), await join(tabGateway, 'z')] as const;
    for (const [state, { send }] of tabs.entries()) {
      send({ type: 'enter', id: 2, channel: 'a', state });
      await pass(10);
    }
    tabs[1].leave();
    await pass(4000);
    tabs[2].leave();
    await pass(4900);
    expect(members(gateway)).toEqual([2]);
    await pass(200);
    expect(members(gateway)).toEqual([0]);
    tabGateway.close();
  });

  it('leaves no channel that its tabs have entered while the connection is lost', async () => {
    const { gateway, tabGateway } = open();
    const { send, receive } = await join(tabGateway, 't');
    send({ type: 'enter', id: 2, channel: 'a', state: 1 });
    await pass(10);
    gateway.holding.add('connect');
    gateway.cut();
    await pass(10);
    receive({ type: 'open', socket: 2, url: 'ws://gateway.test/ws', timeout: 15_000 });
    receive({ type: 'frame', socket: 2, text: JSON.stringify({ type: 'connect', id: 1, token: tokenOf('ada') }) });
    await pass(10_000);
    gateway.release();
    await pass(10);
    expect(members(gateway)).toEqual([1]);
    tabGateway.close();
  });

  it('sends a publish once that arrives twice before its answer, and answers both', async () => {
    const { gateway, tabGateway } = open();
    const tabs = [await join(tabGateway, 'x'), await join(tabGateway, 'y')];
    gateway.holding.add('publish');
    for (const { send } of tabs) send({ type: 'publish', id: 2, channel: 'a', data: 1, key: 'k' });
    await pass(10);
    for (const { received } of tabs) received();
    gateway.release();
    await pass(10);
    expect(gateway.seen.filter(({ type }) => type === 'publish')).toHaveLength(1);
    expect(tabs.map(({ received }) => received())).toEqual(
      tabs.map(() => [
        expect.objectContaining({ type: 'reply', id: 2, result: expect.objectContaining({ offset: 1 }) }),
      ]),
    );
    tabGateway.close();
  });

  it.each([
    ['has not read a few messages for a long time', 1, false],
    ['read much a long time ago', 60, true],
  ])('keeps a tab that %s', async (_, count, reads) => {
    const { gateway, tabGateway } = open();
    const tab = await join(tabGateway, 't');
    tab.send({ type: 'subscribe', id: 2, channel: 'a' });
    await pass(10);
    tab.received();
    for (let n = 0; n < count; n++) {
      gateway.publish('a', 'x'.repeat(100_000));
      await pass(10);
      const size = JSON.stringify(tab.received()[0]).length;
      if (reads) tab.receive({ type: 'taken', socket: 1, size });
    }
    await pass(20_000);
    gateway.publish('a', 'after');
    await pass(10);
    expect(tab.received()).toMatchObject([{ type: 'messages', messages: [{ data: 'after' }] }]);
    tabGateway.close();
  });

  it('reports errors without a command to its tabs, unless they are reported in another way', async () => {
    const { gateway, tabGateway } = open();
    const tab = await join(tabGateway, 't');
    tab.received();
    const error = { code: 4305, name: 'rate_limited', message: 'Slower.', retryable: true };
    for (const peer of gateway.connections) {
      peer.deliver({ type: 'error', error: { ...error, code: 4306, name: 'permission_denied' } });
      peer.deliver({ type: 'error', error });
    }
    await pass(10);
    expect(tab.received().map((message) => message.error?.name)).toEqual(['rate_limited']);
    tabGateway.close();
  });

  it('does not report to its tabs that none of them supplied a token', async () => {
    const { gateway, tabGateway } = open();
    const tab = await join(tabGateway, 't');
    gateway.pushToAll({ type: 'refresh', expiresAt: Date.now() + 120_000 });
    await pass(61_000);
    expect(tab.received().filter(({ type }) => type === 'error')).toEqual([]);
    tabGateway.close();
  });
});
