import { type Channel, type Client, createClient, type Position } from '@sluice/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { startManaged } from './support/managed-gateways.ts';
import type { RealGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

/** Waits as long as a busy machine needs. */
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000 });

type Handler = (subscription: { readonly channel: Channel; readonly position: Position }) => void;
type Listen = (client: Client, handler: Handler, options?: { readonly signal?: AbortSignal }) => () => void;

// The source of the entry, so that the test needs no build of it.
const { onServerSubscription } = await vi.importActual<{ readonly onServerSubscription: Listen }>(
  '../../client-sdk/src/server-subscriptions/index.ts',
);

let gateway: RealGateway;
const clients: Client[] = [];

beforeEach(async () => {
  gateway = await startManaged({
    channels: {
      'order:{id}': { history: true },
      'chat:{room}': { allow: { subscribe: 'users' }, history: true },
    },
  });
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

async function open(user: string): Promise<Client> {
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/ws`,
    WebSocket,
    token: () => tokenFor(user),
  });
  clients.push(client);
  await client.connect();
  return client;
}

describe('onServerSubscription', () => {
  it('hands out each channel that the backend subscribes the user to, and loses nothing', async () => {
    const client = await open('ada');
    const seen: [string, number, unknown][] = [];
    onServerSubscription(client, ({ channel, position }) => {
      channel.subscribe(({ data, offset }) => seen.push([channel.name, offset, data]), { position });
    });
    await gateway.gateway.publish('order:1', 'before');
    expect(await gateway.gateway.manage.subscribe('ada', 'order:1', { rewind: 1 })).toEqual({ connections: 1 });
    await gateway.gateway.publish('order:1', 'after');
    await gateway.gateway.manage.subscribe('ada', 'order:2');
    await gateway.gateway.publish('order:2', 'other');
    await until(() => expect(seen).toHaveLength(3));
    expect(seen).toEqual(
      expect.arrayContaining([
        ['order:1', 1, 'before'],
        ['order:1', 2, 'after'],
        ['order:2', 1, 'other'],
      ]),
    );
    expect(seen.filter(([channel]) => channel === 'order:1').map(([, offset]) => offset)).toEqual([1, 2]);
  });

  it('stops when it is told to', async () => {
    const client = await open('ada');
    const seen: string[] = [];
    const stop = onServerSubscription(client, ({ channel }) => seen.push(`first ${channel.name}`));
    const controller = new AbortController();
    onServerSubscription(client, ({ channel }) => seen.push(`second ${channel.name}`), { signal: controller.signal });
    onServerSubscription(client, ({ channel }) => seen.push(`third ${channel.name}`));
    await gateway.gateway.manage.subscribe('ada', 'order:1');
    await until(() => expect(seen).toHaveLength(3));
    stop();
    controller.abort();
    await gateway.gateway.manage.subscribe('ada', 'order:2');
    await until(() => expect(seen).toContain('third order:2'));
    expect(seen).toHaveLength(4);
  });

  it('does not let a failing handler disturb the others', async () => {
    const shown = vi.spyOn(console, 'error').mockImplementation(() => {});
    const client = await open('ada');
    const seen: string[] = [];
    onServerSubscription(client, () => {
      throw new Error('a bug');
    });
    onServerSubscription(client, ({ channel }) => seen.push(channel.name));
    await gateway.gateway.manage.subscribe('ada', 'order:1');
    await until(() => expect(seen).toEqual(['order:1']));
    expect(shown).toHaveBeenCalledOnce();
    shown.mockRestore();
  });

  it('is ignored by a client that does not listen, which may still subscribe', async () => {
    const client = await open('ada');
    await gateway.gateway.manage.subscribe('ada', 'order:1');
    const seen: unknown[] = [];
    client.channel('order:1').subscribe(({ data }) => seen.push(data), { rewind: 10 });
    await gateway.gateway.publish('order:1', 1);
    await until(() => expect(seen).toEqual([1]));
  });

  it('continues after a lost connection if the rule allows the channel', async () => {
    const client = await open('ada');
    const seen: unknown[] = [];
    onServerSubscription(client, ({ channel, position }) => {
      channel.subscribe(({ data }) => seen.push(data), { position });
    });
    await gateway.gateway.manage.subscribe('ada', 'chat:a');
    await gateway.gateway.publish('chat:a', 1);
    await until(() => expect(seen).toEqual([1]));
    await gateway.gateway.manage.disconnect('ada', { reconnect: true });
    await gateway.gateway.publish('chat:a', 2);
    await until(() => expect(seen).toEqual([1, 2]));
  });

  it('passes on why the backend ended the subscription', async () => {
    const client = await open('ada');
    const ended: unknown[] = [];
    onServerSubscription(client, ({ channel, position }) => {
      const onState = (state: string) => ended.push(state);
      channel.subscribe(() => {}, { position, onState, onError: ({ message }) => ended.push(message) });
    });
    await gateway.gateway.manage.subscribe('ada', 'order:1');
    await until(() => expect(ended).toContain('live'));
    await gateway.gateway.manage.unsubscribe('ada', { reason: 'The order is closed.' });
    await until(() => expect(ended).toContainEqual(expect.stringContaining('The order is closed.')));
  });

  it('checks its arguments', async () => {
    const client = await open('ada');
    expect(() => onServerSubscription(client, 'no' as never)).toThrow(/"handler" must be a function/);
  });
});
