import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { type Component, setContext } from 'svelte';
import { render } from 'svelte/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../src/api.ts';
import {
  SluiceProvider,
  useClient,
  useConnection,
  useMessages,
  usePresence,
  usePublish,
} from '../../src/react/index.ts';
import { getClient, liveConnection, liveMessages, livePresence, setClient } from '../../src/svelte/index.ts';
import { restoreGlobals } from '../support/connected-client.ts';
import { FakeGateway, turn } from '../support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers();
  gateway = new FakeGateway();
  client = gateway.client();
});
afterEach(restoreGlobals);

/** The text of a page without any data. */
const EMPTY = 'idle subscribing 0 0';

async function expectNothingOpened(): Promise<void> {
  await turn();
  expect(client.state).toBe('idle');
  expect(gateway.sockets).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
}

function Page() {
  const { state } = useConnection();
  const list = useMessages('chat:lobby', { rewind: 50 });
  const { members } = usePresence('chat:lobby', { enter: { typing: false } });
  usePublish('chat:lobby');
  return createElement('p', null, [state, list.state, list.messages.length, members.length].join(' '));
}

function Lost() {
  return createElement('p', null, String(useClient()));
}

describe('React on a server', () => {
  it('renders an empty page, and opens no connection', async () => {
    const html = renderToString(createElement(SluiceProvider, { client }, createElement(Page)));
    expect(html).toBe(`<p>${EMPTY}</p>`);
    await expectNothingOpened();
  });

  it('explains what is missing without a provider', () => {
    expect(() => renderToString(createElement(Lost))).toThrow('useClient: no client here. Put <SluiceProvider');
  });
});

/** A component as Svelte compiles it for a server: a function that writes text. */
const component = (run: () => string) =>
  ((renderer: { push(html: string): void }) => renderer.push(run())) as unknown as Component;

/** The text of a page without Svelte's hydration markers. */
const text = (page: Component) => render(page).body.replaceAll(/<!--.*?-->/g, '');

describe('Svelte on a server', () => {
  it('renders an empty page, and opens no connection', async () => {
    const page = component(() => {
      setClient(client);
      const connection = liveConnection(getClient());
      const list = liveMessages(getClient(), () => 'chat:lobby', { rewind: 50 });
      const { members } = livePresence(getClient(), 'chat:lobby');
      return [connection.state, list.state, list.messages.length, members.length].join(' ');
    });
    expect(text(page)).toBe(EMPTY);
    await expectNothingOpened();
  });

  it('explains what is missing if no client was set', () => {
    const page = component(() => {
      setContext('something else', 1);
      return String(getClient());
    });
    expect(() => text(page)).toThrow('getClient: no client here. Call setClient(client)');
  });
});
