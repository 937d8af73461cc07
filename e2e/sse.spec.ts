import type { Page } from '@playwright/test';
import { TcpProxy } from './support/tcp-proxy.ts';
import { expect, test } from './support/test.ts';

declare global {
  interface Window {
    received: unknown[];
    states: string[];
    source: EventSource;
  }
}

/** Follows a channel as an application without the SDK does. */
const follow = (page: Page, query: string): Promise<void> =>
  page.evaluate((asked) => {
    window.received = [];
    window.states = [];
    window.source = new EventSource(`/sse?${asked}`);
    window.source.onmessage = ({ data }) => window.received.push(JSON.parse(data).data);
    for (const event of ['state', 'gap']) {
      window.source.addEventListener(event, ({ data }) => window.states.push(JSON.parse(data).state ?? event));
    }
  }, query);

const received = (page: Page) => page.evaluate(() => window.received);
const states = (page: Page) => page.evaluate(() => window.states);

async function tokenFrom(url: string): Promise<string> {
  const response = await fetch(`${url}/dev/token?sub=ada`);
  return ((await response.json()) as { token: string }).token;
}

test('an EventSource continues without a gap after its connection was killed', async ({
  page,
  startCommandLine,
  room,
}) => {
  const gateway = await startCommandLine({ env: { SLUICE_SSE_COOKIE: 'token' } });
  const proxy = await TcpProxy.to(gateway.url);
  const channel = `chat:${room}`;
  try {
    await page.context().addCookies([{ name: 'token', value: await tokenFrom(gateway.url), url: proxy.url }]);
    await page.goto(`${proxy.url}/health/live`);
    await follow(page, `channel=${channel}`);
    await expect.poll(() => states(page)).toEqual(['live']);
    await gateway.publish({ channel, data: { text: 'before' } });
    await expect.poll(() => received(page)).toEqual([{ text: 'before' }]);

    proxy.kill();
    await gateway.publish({ channel, data: { text: 'meanwhile' } });
    await expect.poll(() => received(page), { timeout: 15_000 }).toEqual([{ text: 'before' }, { text: 'meanwhile' }]);
    await gateway.publish({ channel, data: { text: 'after' } });
    await expect.poll(() => received(page)).toHaveLength(3);
    expect(await states(page)).not.toContain('gap');
  } finally {
    proxy.close();
  }
});

test('a ticket opens one stream, and stops an EventSource that uses it again', async ({
  page,
  startCommandLine,
  room,
}) => {
  const gateway = await startCommandLine();
  const channel = `chat:${room}`;
  const token = await tokenFrom(gateway.url);
  await page.goto(`${gateway.url}/health/live`);
  const ticket = await page.evaluate(
    async ([wanted, bearer]) => {
      const response = await fetch('/api/v1/tickets', {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify({ channels: [wanted] }),
      });
      return ((await response.json()) as { ticket: string }).ticket;
    },
    [channel, token] as const,
  );
  await follow(page, `channel=${channel}&ticket=${ticket}`);
  await expect.poll(() => states(page)).toEqual(['live']);
  await gateway.publish({ channel, data: { text: 'once' } });
  await expect.poll(() => received(page)).toEqual([{ text: 'once' }]);
  await page.evaluate(() => window.source.close());

  await follow(page, `channel=${channel}&ticket=${ticket}`);
  await expect.poll(() => page.evaluate(() => window.source.readyState)).toBe(2); // closed permanently
});
