/**
 * One connection for all tabs. The client loads this file on demand if `shareTabs` is set;
 * applications need not import it.
 *
 * @packageDocumentation
 */
import type { Codec } from '@sluice/protocol';
import type { Client, ClientOptions } from '../api.ts';
import type { WebSocketConstructor } from '../socket.ts';
import { NAME, randomName, tabLock } from './envelope.ts';
import { FallbackFinder } from './fallback-finder.ts';
import { LeaderFinder } from './leader-finder.ts';
import type { Locks } from './locks.ts';
import { Tab } from './tab.ts';
import { virtualSockets } from './virtual-socket.ts';
import { WorkerFinder } from './worker-finder.ts';

/** Options of `shareTabs`, which the client passes. */
export interface ShareTabsOptions {
  readonly url: string | URL;
  readonly codec: Codec;
  /** The WebSocket class. Default: the global one. */
  readonly WebSocket?: WebSocketConstructor;
  /** Milliseconds to wait for an answer of the gateway. */
  readonly timeout: number;
  /** `createClient`, so that the client's core is not loaded twice. */
  readonly create: (options: ClientOptions) => Client;
}

// One per page, shared by all clients of the page.
let page: Promise<Tab> | undefined;

/**
 * Returns the WebSocket class that a client of this tab must use. The client calls it once.
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
  // A custom WebSocket class cannot be passed to a worker.
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
    // The page was restored from the back/forward cache.
    addEventListener('pageshow', ({ persisted }) => persisted && tab.lose('The page was in the back/forward cache.'));
  }
  await tab.find();
  return tab;
}

/** In a page without storage access (a sandbox, blocked storage), locks exist but throw. */
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
  // Bundlers recognize this form and include the file.
  return new SharedWorker(new URL('./shared-worker.js', import.meta.url), { type: 'module', name: NAME });
}

function electing(locks: Locks, { create, WebSocket }: ShareTabsOptions): LeaderFinder {
  return new LeaderFinder({ locks, create, WebSocket, channel: (name) => new BroadcastChannel(name) });
}
