import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { chromiumArgs, ensureChromium } from '../scripts/find-chromium.mjs';
import type { CommandLineGateway } from './support/command-line-gateway.ts';
import { test as base, expect } from './support/test.ts';

// A page at a public address, served by this machine. All names under "example" resolve to this
// machine, as in a DNS rebinding attack.
const RESOLVER = '--host-resolver-rules=MAP *.example 127.0.0.1,MAP 203.0.113.9 127.0.0.1';

const test = base.extend<{ devGateway: CommandLineGateway; elsewhere: number }>({
  devGateway: async ({ startCommandLine }, use) => use(await startCommandLine()),

  /** The port of a web server that is not the gateway. */
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
  elsewhere: async ({}, use) => {
    const server = await serveEmptyPage();
    await use((server.address() as AddressInfo).port);
    server.closeAllConnections();
    server.close();
  },
});

test.use({ launchOptions: { executablePath: ensureChromium(), args: [...chromiumArgs(), RESOLVER] } });

const EMPTY = '<!doctype html><link rel="icon" href="data:,"><title>A page</title>';

function serveEmptyPage(): Promise<Server> {
  const server = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end(EMPTY));
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** The results of all attempts of a page: an error, or status and text. */
interface AttackResult {
  readonly token: string;
  readonly publish: string;
  readonly publishUnread: string;
  readonly socket: string;
}

/** In the page: requests a token, publishes with a stolen API key, and connects with a stolen token. */
function tryAll(page: Page, target: string, stolen: { token: string; apiKey: string }): Promise<AttackResult> {
  return page.evaluate(
    async ({ target, stolen }) => {
      const attempt = async (path: string, init?: RequestInit) => {
        try {
          const response = await fetch(`${target}${path}`, init);
          return `${response.status} ${await response.text()}`;
        } catch (error) {
          return String(error);
        }
      };
      const body = JSON.stringify({ channel: 'chat:lobby', data: 'stolen' });
      const Authorization = `Bearer ${stolen.apiKey}`;
      const connectWithToken = () =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(`${target.replace('http', 'ws')}/ws`, ['sluice.v1.json']);
          socket.onopen = () => socket.send(JSON.stringify([{ id: 1, type: 'connect', token: stolen.token }]));
          socket.onmessage = ({ data }) => resolve(String(data));
          socket.onclose = () => resolve('closed');
        });
      return {
        token: await attempt('/dev/token?sub=ada'),
        publish: await attempt('/api/v1/publish', { method: 'POST', headers: { Authorization }, body }),
        publishUnread: await attempt('/api/v1/publish', {
          method: 'POST',
          mode: 'no-cors',
          headers: { Authorization },
          body,
        }),
        socket: await connectWithToken(),
      };
    },
    { target, stolen },
  );
}

async function steal(gateway: CommandLineGateway): Promise<{ token: string; apiKey: string }> {
  const response = await fetch(`${gateway.url}/dev/token?sub=ada`);
  return (await response.json()) as { token: string; apiKey: string };
}

for (const address of ['page.example', '203.0.113.9'])
  test(`a page at ${address} gets no token, cannot publish, and cannot connect`, async ({
    page,
    devGateway: gateway,
    elsewhere,
  }) => {
    await page.goto(`http://${address}:${elsewhere}/`);
    const loot = await tryAll(page, gateway.url, await steal(gateway));
    expect(loot.token).toBe('TypeError: Failed to fetch');
    expect(loot.publish).toBe('TypeError: Failed to fetch');
    expect(loot.socket).not.toContain('"connection"');
    expect(await gateway.metric('sluice_messages_in_total')).toBe(0);
  });

test('a page whose host name resolves to this machine gets no access either', async ({ page, devGateway: gateway }) => {
  const target = gateway.url.replace('localhost', 'rebound.example');
  // The refusal is itself a document of that origin, in which a script can run.
  expect((await page.goto(target))?.status()).toBe(403);
  const loot = await tryAll(page, target, await steal(gateway));
  expect(loot.token).toMatch(/^403 .*host_refused/);
  expect(loot.publish).toMatch(/^403 .*host_refused/);
  expect(loot.socket).not.toContain('"connection"');
  expect(await gateway.metric('sluice_messages_in_total')).toBe(0);
});

test('a page on another port of this machine gets a token and connects', async ({
  page,
  devGateway: gateway,
  elsewhere,
}) => {
  await page.goto(`http://localhost:${elsewhere}/`);
  const loot = await tryAll(page, gateway.url, await steal(gateway));
  expect(loot.token).toMatch(/^200 .*"token"/);
  expect(loot.socket).toContain('"connection"');
});
