import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../src/client.ts';
import type { ToTab, ToTabGateway } from '../src/share-tabs/envelope.ts';
import { TabGateway } from '../src/share-tabs/tab-gateway.ts';
import { FakeBrowser } from './support/fake-browser.ts';
import { pass, turn } from './support/fake-gateway.ts';
import { SmallGateway, unsigned } from './support/small-gateway.ts';
import { type OpenTab, Tabs, type Way } from './support/tabs.ts';

const HOUR = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

let serial = 0;
const tokenOf = (sub: string) => unsigned({ sub, exp: Date.now() / 1000 + 7 * 86_400, jti: ++serial });

describe.each(['worker', 'leader'] as const)('tabs that share through a %s', (way: Way) => {
  let tabs: Tabs;

  beforeEach(() => {
    tabs = new Tabs(way);
  });

  async function opened(count: number): Promise<OpenTab[]> {
    const list = Array.from({ length: count }, () => tabs.open({ token: () => tokenOf('ada') }));
    for (const { client } of list) void client.connect();
    await pass(10);
    return list;
  }

  const published = (key: string) =>
    tabs.gateway.seen.filter((command) => command.type === 'publish' && command.key === key).length;

  it('publish once if the connection is lost before the answer, and not again through the shared connection', async () => {
    const [, b] = (await opened(2)) as [OpenTab, OpenTab];
    tabs.gateway.holding.add('publish');
    const publish = b.client.channel('a').publish('x', { key: 'k' });
    await turn();
    expect(published('k')).toBe(1);
    tabs.gateway.cut();
    tabs.gateway.release();
    await pass(5000);
    expect((await publish).offset).toBe(1);
    expect(published('k')).toBe(2);
  });

  it('do not resend a publish that its tab has cancelled', async () => {
    const [a] = (await opened(2)) as [OpenTab];
    tabs.gateway.holding.add('publish');
    const abort = new AbortController();
    const publish = a.client.channel('a').publish('x', { key: 'k', signal: abort.signal });
    await turn();
    abort.abort();
    await expect(publish).rejects.toThrow();
    tabs.gateway.cut();
    tabs.gateway.release();
    await pass(5000);
    expect(published('k')).toBe(1);
  });

  it('are not a member if the tab that entered is closed before the answer', async () => {
    const [, b] = (await opened(2)) as [OpenTab, OpenTab];
    tabs.gateway.holding.add('enter');
    b.client
      .channel('a')
      .presence.enter('x')
      .catch(() => {});
    await turn();
    b.client.close();
    await pass(10);
    tabs.gateway.release();
    await pass(6000);
    expect(tabs.gateway.members('a')).toEqual([]);
  });

  it('stay a member when one tab leaves, and are none after the last one leaves', async () => {
    const [a, b] = (await opened(2)) as [OpenTab, OpenTab];
    const log: string[] = [];
    const [mine, other] = [a, b].map(({ client }) => client.channel('a').presence);
    void mine?.enter('x').then(() => log.push('a in'));
    void other?.enter('x').then(() => log.push('b in'));
    await pass(10);
    void mine?.leave().then(() => log.push('a out'));
    await pass(6000);
    expect(tabs.gateway.members('a')).toHaveLength(1);
    void other?.leave().then(() => log.push('b out'));
    await pass(10);
    expect(log).toEqual(['a in', 'b in', 'a out', 'b out']);
    expect(tabs.gateway.members('a')).toEqual([]);
  });

  it.each([-HOUR, HOUR, -24 * HOUR, 24 * HOUR])(
    'are taken over when the tab that holds the connection is frozen, even if the clock is set by %i ms',
    async (ms) => {
      const [a, b] = (await opened(3)) as [OpenTab, OpenTab];
      const seen: unknown[] = [];
      b.client.channel('a').subscribe(({ data }) => void seen.push(data));
      await pass(3500);
      if (way === 'leader') a.page.freeze();
      else tabs.freezeWorker();
      await pass(3500);
      vi.setSystemTime(Date.now() + ms);
      await pass(15_000);
      tabs.gateway.publish('a', 1);
      await pass(10);
      expect([b.client.state, seen]).toEqual(['connected', [1]]);
    },
  );

  it.each([-HOUR, HOUR, -24 * HOUR, 24 * HOUR])('keep their connection when the clock is set by %i ms', async (ms) => {
    const list = await opened(2);
    const lost = list.map(({ client }) => {
      const states: string[] = [];
      client.on('state', ({ state }) => states.push(state));
      return states;
    });
    vi.setSystemTime(Date.now() + ms);
    await pass(20_000);
    expect([lost, tabs.gateway.connections.length]).toEqual([[[], []], 1]);
  });

  it('leave nothing behind when they are closed: no lock, no channel, no timer', async () => {
    const before = vi.getTimerCount();
    const list = await opened(3);
    for (const { client, tab } of list) {
      client.channel('a').subscribe(() => {});
      client.channel('a').presence.subscribe(() => {});
      await pass(10);
      client.close();
      tab.end();
    }
    await pass(10_000);
    const locks = tabs.browser.lockCount;
    for (const { page } of list) page.kill();
    expect([vi.getTimerCount() - before, tabs.gateway.connections.length]).toEqual([0, 0]);
    // The tab gateway's own channels, and those of leaders and candidates; none of or for a tab.
    expect(locks).toBeLessThanOrEqual(way === 'worker' ? 1 : 4);
  });
});

describe('a tab gateway', () => {
  function attach() {
    const gateway = new SmallGateway();
    const tabGateway = new TabGateway({ create: createClient, WebSocket: gateway.webSocket() });
    const posted: ToTab[] = [];
    let receive: (message: ToTabGateway) => void = () => {};
    const port = {
      post: (message: ToTab) => posted.push(message),
      listen: (handler: typeof receive) => (receive = handler),
      close() {},
    };
    tabGateway.attach(() => port, { type: 'hello', tab: 't', call: 1, locked: false });
    receive({ type: 'open', socket: 1, url: 'ws://gateway.test/ws', timeout: 15_000 });
    receive({
      type: 'frame',
      socket: 1,
      text: JSON.stringify([
        { type: 'connect', id: 1 },
        { type: 'subscribe', id: 2, channel: 'a' },
      ]),
    });
    return { gateway, tabGateway, posted, receive: (message: ToTabGateway) => receive(message) };
  }

  it.each([-HOUR, 0, HOUR])(
    'drops a tab without locks that is silent for minutes, even if the clock is set by %i ms',
    async (ms) => {
      const { gateway, receive } = attach();
      await pass(100_000);
      expect(gateway.connections).toHaveLength(1);
      receive({ type: 'ping' });
      if (ms < 0) vi.setSystemTime(Date.now() + ms);
      await pass(150_000);
      expect(gateway.connections).toHaveLength(1);
      if (ms > 0) vi.setSystemTime(Date.now() + ms);
      await pass(60_000);
      expect(gateway.connections).toHaveLength(0);
    },
  );

  it('keeps a tab that reads, however much it receives', async () => {
    const { gateway, posted, receive } = attach();
    await turn();
    for (let n = 0; n < 60; n++) {
      gateway.publish('a', 'x'.repeat(100_000));
      await pass(1000);
      for (const message of posted.splice(0)) {
        expect(message.type).not.toBe('closed');
        if (message.type === 'frame') receive({ type: 'taken', socket: 1, size: message.text.length });
      }
    }
  });

  it('releases its locks when it is closed, and stops waiting for those of its tabs', async () => {
    const browser = new FakeBrowser();
    const page = browser.page();
    const gateway = new SmallGateway();
    const tabGateway = new TabGateway({ create: createClient, locks: page.locks, WebSocket: gateway.webSocket() });
    const port = { post: () => {}, listen: () => {}, close: () => {} };
    tabGateway.attach(() => port, { type: 'hello', tab: 't', call: 1, locked: true });
    await turn();
    expect(browser.lockCount).toBeGreaterThan(0);
    tabGateway.close();
    await turn();
    expect([browser.lockCount, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('asks no tab for a token after it is closed', async () => {
    const { gateway, tabGateway } = attach();
    await turn();
    gateway.pushToAll({ type: 'refresh', expiresAt: Date.now() + 1000 });
    await turn();
    tabGateway.close();
    await pass(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('closes the subscriptions and presence subscriptions of a tab that has disappeared', async () => {
    const { gateway, receive } = attach();
    const watch = { type: 'watch', id: 3, channel: 'a' };
    receive({ type: 'frame', socket: 1, text: JSON.stringify(watch) });
    receive({ type: 'open', socket: 2, url: 'ws://gateway.test/ws', timeout: 15_000 });
    receive({ type: 'frame', socket: 2, text: JSON.stringify({ type: 'connect', id: 1 }) });
    await pass(10);
    receive({ type: 'close', socket: 1 });
    // The tab may come back, so they are closed a moment later.
    await pass(6000);
    const types = gateway.seen.map(({ type }) => type);
    expect([types.includes('unsubscribe'), types.includes('unwatch')]).toEqual([true, true]);
  });

  it('ends everything of a closed tab, and ignores later messages from it', async () => {
    const { gateway, tabGateway, receive } = attach();
    await turn();
    receive({ type: 'bye' });
    await pass(5000);
    expect([gateway.connections, vi.getTimerCount()]).toEqual([[], 0]);
    tabGateway.close();
  });
});
