import { type Client, createClient, type StateChange } from '@sluice/client';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { ConfigInput } from '../src/config/config.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

let gateway: RealGateway | undefined;
let client: Client | undefined;

afterEach(async () => {
  client?.close();
  await gateway?.stop();
});

/** A WebSocket that sends the page's origin. */
const pageOf = (origin: string) =>
  class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, { headers: { origin } });
    }
  };

/** The first state with an error. */
async function refusedTo(origin: string, config: ConfigInput): Promise<StateChange> {
  gateway = await startGateway(config);
  const url = `${gateway.url.replace('http', 'ws')}/ws`;
  const created = createClient({ url, token: () => tokenFor('ada'), WebSocket: pageOf(origin) as never });
  client = created;
  return new Promise((resolve) => {
    created.on('state', (change) => {
      if (change.error !== undefined) resolve(change);
    });
    created.connect().catch(() => {}); // the state has the error
  });
}

describe('the SDK in a page that the gateway rejects', () => {
  it('stops if the origin is not allowed, and reports the origin', async () => {
    const change = await refusedTo('https://evil.example.com', { origins: ['https://app.example.com'] });
    expect(change.state).toBe('closed');
    expect(change.error).toMatchObject({ name: 'origin_refused', code: 4210, retryable: false });
    expect(change.error?.message).toContain('https://evil.example.com');
  });

  it('retries later if its address has too many connections', async () => {
    gateway = await startGateway({ origins: '*', limits: { connectionsPerAddress: 1 } });
    await gateway.open();
    const url = `${gateway.url.replace('http', 'ws')}/ws`;
    const created = createClient({ url, token: () => tokenFor('ada'), WebSocket: pageOf('https://a.test') as never });
    client = created;
    const waiting = new Promise<StateChange>((resolve) => {
      created.on('state', (change) => {
        if (change.error !== undefined) resolve(change);
      });
    });
    created.connect().catch(() => {}); // the state has the error
    expect(await waiting).toMatchObject({ state: 'waiting', error: { name: 'too_many_connections', code: 4008 } });
  });
});
