/**
 * One connection for all tabs. The core loads this file by itself where `shareTabs` is set; there is no need to import it.
 *
 * @packageDocumentation
 */
import type { Client, ClientOptions, Codec, WebSocketConstructor } from '../index.ts';
import { NAME, randomName, tabLock } from './envelope.ts';
import { FallbackFinder } from './fallback-finder.ts';
import { LeaderFinder } from './leader-finder.ts';
import type { Locks } from './locks.ts';
import { Tab } from './tab.ts';
import { virtualSockets } from './virtual-socket.ts';
import { WorkerFinder } from './worker-finder.ts';

/** What the core hands over. */
export interface ShareTabsOptions {
  readonly url: string | URL;
  readonly codec: Codec;
  /** The class of WebSockets; absent: the global one. */
  readonly WebSocket?: WebSocketConstructor;
  /** Milliseconds that an answer of the gateway may take. */
  readonly timeout: number;
  /** `createClient`, so that no second core is loaded. */
  readonly create: (options: ClientOptions) => Client;
}

// One for the page, however many clients it has.
let page: Promise<Tab> | undefined;

/**
 * The class of WebSockets that the client of this tab is to use. Called once per client.
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { msgpack } from '@sluice/client/msgpack';
 * import { shareTabs } from '@sluice/client/share-tabs';
 *
 * const url = 'wss://example.com/ws';
 * const WebSocket = await shareTabs({ url, codec: msgpack, timeout: 15_000, create: createClient });
 * const client = createClient({ url, codec: msgpack, WebSocket });
 */
export async function shareTabs(options: ShareTabsOptions): Promise<WebSocketConstructor> {
  const { codec, timeout, WebSocket = globalThis.WebSocket } = options;
  page ??= joinTabs(options);
  const tab = await page;
  return tab.broken ? WebSocket : virtualSockets(tab, { codec, timeout, WebSocket });
}

async function joinTabs(options: ShareTabsOptions): Promise<Tab> {
  const locks = await findLocks();
  const leader = locks && typeof BroadcastChannel === 'function' ? electing(locks, options) : undefined;
  // A class of WebSockets that was given cannot be taken to a worker.
  const useWorker = typeof SharedWorker === 'function' && !options.WebSocket;
  const tab = new Tab(
    new FallbackFinder([...(useWorker ? [new WorkerFinder(startWorker)] : []), ...(leader ? [leader] : [])]),
    locks,
  );
  if (typeof addEventListener === 'function') {
    addEventListener('pagehide', () => {
      tab.leave();
      leader?.resign();
    });
    addEventListener('visibilitychange', () => document.visibilityState === 'visible' && tab.wake(), true);
    // Out of the back/forward cache.
    addEventListener('pageshow', ({ persisted }) => persisted && tab.lose('The page was put away.'));
  }
  await tab.find();
  return tab;
}

/** Where a page may keep nothing (a sandbox, blocked storage) there are locks that only throw. */
async function findLocks(): Promise<Locks | undefined> {
  const { locks } = (globalThis.navigator ?? {}) as { readonly locks?: Locks };
  try {
    await locks?.request(tabLock(randomName()), {}, () => undefined);
    return locks;
  } catch {
    return undefined;
  }
}

function startWorker(): SharedWorker {
  // In this form bundlers find the file, and take it along.
  return new SharedWorker(new URL('./shared-worker.js', import.meta.url), { type: 'module', name: NAME });
}

function electing(locks: Locks, { create, WebSocket }: ShareTabsOptions): LeaderFinder {
  return new LeaderFinder({ locks, create, WebSocket, channel: (name) => new BroadcastChannel(name) });
}
