import type { CDPSession, Page } from '@playwright/test';

/** Limits of a network, in both directions. */
export interface NetworkConditions {
  readonly bytesPerSecond: number;
  /** Milliseconds until the first byte of a response. */
  readonly latency: number;
}

const sessions = new WeakMap<Page, Promise<CDPSession>>();

/** Throttles or cuts the page's network from now on. Only in Chromium. */
export async function setNetworkConditions(page: Page, line: NetworkConditions | 'cut'): Promise<void> {
  const session = sessions.get(page) ?? page.context().newCDPSession(page);
  sessions.set(page, session);
  const { bytesPerSecond, latency } = line === 'cut' ? { bytesPerSecond: 0, latency: 0 } : line;
  const protocol = await session;
  await protocol.send('Network.enable');
  await protocol.send('Network.emulateNetworkConditions', {
    offline: line === 'cut',
    latency,
    downloadThroughput: bytesPerSecond,
    uploadThroughput: bytesPerSecond,
  });
}
