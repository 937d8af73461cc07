import { msgpack } from '@sluice/protocol/msgpack';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import { createDevtools, type Devtools } from '../src/devtools/index.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';

let gateway: FakeGateway;
let devtools: Devtools;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  for (const level of ['error', 'warn'] as const) vi.spyOn(console, level).mockImplementation(() => {});
  gateway = new FakeGateway();
  devtools = createDevtools({ WebSocket: gateway.WebSocket });
  client = gateway.client({ WebSocket: devtools.WebSocket, token: () => 'eyJsecret.token.here' });
  devtools.attach(client);
});

afterEach(() => {
  client.close();
  devtools.close();
  restoreGlobals();
});

async function connect(): Promise<void> {
  client.connect().catch(() => {});
  await turn();
  await turn();
  await gateway.socket.accept({ expiresAt: 2_000_000 });
}

describe('the devtools', () => {
  it('show states, frames, subscriptions and their positions', async () => {
    await connect();
    client.channel('chat:lobby').subscribe(() => {});
    await turn();
    expect(devtools.getSnapshot().subscriptions).toMatchObject([{ channel: 'chat:lobby', state: 'subscribing' }]);
    gateway.socket.subscribed(4);
    gateway.socket.messages('chat:lobby', [5, 6]);
    const { state, user, states, subscriptions, frames } = devtools.getSnapshot();
    expect([state, user, states.map((record) => record.state)]).toEqual([
      'connected',
      'ada',
      ['connecting', 'connected'],
    ]);
    expect(subscriptions).toEqual([
      {
        channel: 'chat:lobby',
        sub: undefined,
        state: 'live',
        position: { epoch: 'e1', offset: 6 },
        received: 2,
        gaps: 0,
      },
    ]);
    expect(frames.map(({ direction, type }) => `${direction} ${type}`)).toEqual([
      'sent connect',
      'received reply',
      'sent subscribe',
      'received reply',
      'received messages',
    ]);
    expect(frames.at(-1)?.text).toBe('messages channel chat:lobby epoch e1 offsets 5 to 6');
  });

  it('have neither tokens nor data', async () => {
    await connect();
    client
      .channel('chat:lobby')
      .publish({ text: 'very private' }, { event: 'hidden' })
      .catch(() => {});
    await turn();
    expect(JSON.stringify(devtools.getSnapshot())).not.toMatch(/eyJ|secret|private|hidden/);
  });

  it('show gaps and the token timeline', async () => {
    await connect();
    client.channel('chat:lobby').subscribe(() => {}, { onGap: () => {} });
    await turn();
    gateway.socket.subscribed(0);
    const [from, to] = [0, 9].map((offset) => ({ epoch: 'e1', offset }));
    gateway.socket.push({ type: 'gap', channel: 'chat:lobby', from, to, reason: 'retention' } as never);
    gateway.socket.push({ type: 'refresh' } as never);
    await turn();
    const { gaps, tokens, subscriptions } = devtools.getSnapshot();
    expect(gaps).toEqual([{ time: 1_000_000, channel: 'chat:lobby', from, to, reason: 'retention' }]);
    expect(subscriptions).toMatchObject([{ gaps: 1, position: to }]);
    expect(tokens.map(({ event, expiresAt }) => [event, expiresAt])).toEqual([
      ['presented', undefined],
      ['accepted', 2_000_000],
      ['refresh asked', undefined],
    ]);
  });

  it('show the outbox without data', () => {
    const listeners: (() => void)[] = [];
    const messages = [{ key: 'k', channel: 'chat:lobby', status: 'queued', data: 'private' }];
    const on = (_: 'change', listener: () => void) => {
      listeners.push(listener);
      return () => {};
    };
    const outbox = { messages, on };
    devtools.attach(client, outbox);
    expect(devtools.getSnapshot().outbox).toEqual([{ key: 'k', channel: 'chat:lobby', status: 'queued' }]);
    messages.pop();
    for (const listener of listeners) listener();
    expect(devtools.getSnapshot().outbox).toEqual([]);
  });

  it('notify once per turn, and keep the snapshot until something changes', async () => {
    await connect();
    await turn();
    const changed = vi.fn();
    const stop = devtools.subscribe(changed);
    const before = devtools.getSnapshot();
    expect(devtools.getSnapshot()).toBe(before);
    for (let count = 0; count < 5; count++) gateway.socket.push({ type: 'drain' } as never);
    await turn();
    expect(changed).toHaveBeenCalledTimes(1);
    expect(devtools.getSnapshot()).not.toBe(before);
    stop();
    devtools.clear();
    await turn();
    expect(changed).toHaveBeenCalledTimes(1);
    expect(devtools.getSnapshot().frames).toEqual([]);
  });

  it('read binary frames with the codec of the client', async () => {
    const binary = new FakeGateway(msgpack);
    const tools = createDevtools({ WebSocket: binary.WebSocket, codec: msgpack });
    const other = binary.client({ WebSocket: tools.WebSocket });
    tools.attach(other);
    other.connect().catch(() => {});
    await turn();
    await turn();
    await binary.socket.accept();
    expect(tools.getSnapshot().frames.map(({ type }) => type)).toEqual(['connect', 'reply']);
    other.close();
    tools.close();
  });

  it('can be found by other tools', () => {
    const hook = (globalThis as { __SLUICE_DEVTOOLS__?: { clients: Set<Devtools> } }).__SLUICE_DEVTOOLS__;
    expect(hook?.clients.has(devtools)).toBe(true);
    devtools.close();
    expect(hook?.clients.has(devtools)).toBe(false);
  });
});

describe('the network of the devtools', () => {
  it('is lost while it is cut, and the client reconnects afterwards', async () => {
    await connect();
    devtools.setNetwork('cut');
    expect(gateway.socket.closedWith).toBeDefined();
    expect(client.state).toBe('waiting');
    const { length } = gateway.sockets;
    await pass(60_000);
    expect(gateway.sockets).toHaveLength(length); // every attempt fails before it reaches the gateway
    expect(devtools.getSnapshot()).toMatchObject({ network: 'cut' });
    devtools.setNetwork('normal');
    // The client waits for a random time, and gives up a connection that is not answered.
    for (let waited = 0; waited < 60_000 && gateway.sockets.length === length; waited += 100) await pass(100);
    expect(gateway.sockets.length).toBeGreaterThan(length);
    await turn();
    await gateway.socket.accept();
    expect(client.state).toBe('connected');
  });

  it('hands over one frame after the other while it is slow, in their order', async () => {
    await connect();
    const received: number[] = [];
    client.channel('chat:lobby').subscribe(({ offset }) => void received.push(offset));
    await turn();
    gateway.socket.subscribed(0);
    await turn();
    devtools.setNetwork('slow', 1_000);
    for (const offset of [1, 2, 3]) gateway.socket.messages('chat:lobby', [offset]);
    expect(devtools.getSnapshot().waiting).toBe(3);
    expect(received).toEqual([]);
    await pass(1_000);
    expect(received).toEqual([1]);
    await pass(1_000);
    expect(received).toEqual([1, 2]);
    devtools.setNetwork('normal');
    await turn();
    expect(received).toEqual([1, 2, 3]);
    expect(devtools.getSnapshot()).toMatchObject({ waiting: 0, network: 'normal' });
  });
});
