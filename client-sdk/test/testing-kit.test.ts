import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineChannels } from '../src/contracts.ts';
import type { Gap, SluiceError } from '../src/index.ts';
import { MemorySession, type SessionHost } from '../src/testing/memory-session.ts';
import type { MemorySocket } from '../src/testing/memory-socket.ts';
import { createTestClient, type MemoryGateway } from '../src/testing/testing.ts';

const gateways: Pick<MemoryGateway, 'close'>[] = [];

afterEach(() => {
  for (const gateway of gateways.splice(0)) gateway.close();
  vi.useRealTimers();
});

/** Like `createTestClient`, but closes the client at the end of the test. */
const setUp: typeof createTestClient = (options) => {
  const made = createTestClient(options);
  gateways.push(made.gateway);
  return made;
};

describe.each(['real', 'faked'])('a test client with %s timers', (timers) => {
  const start: typeof createTestClient = (options) => {
    if (timers === 'faked') vi.useFakeTimers();
    return setUp(options);
  };

  it('delivers published messages, and records what the client publishes', async () => {
    const { client, gateway } = start({ user: 'ada' });
    const seen: unknown[] = [];
    client.channel('chat:lobby').subscribe(({ data, from }) => seen.push([from, data]));
    await gateway.settled();
    expect(client.state).toBe('connected');
    expect(client.user).toBe('ada');
    expect(gateway.subscribers('chat:lobby')).toEqual(['ada']);

    gateway.publish('chat:lobby', 'Hello', { from: 'bob' });
    gateway.publish('chat:lobby', 'News');
    const published = client.channel('chat:lobby').publish({ text: 'Hi' }, { event: 'chat', tags: { lang: 'en' } });
    await gateway.settled();
    expect(await published).toMatchObject({ offset: 3 });
    expect(seen).toEqual([
      ['bob', 'Hello'],
      [undefined, 'News'],
      ['ada', { text: 'Hi' }],
    ]);
    expect(gateway.published('chat:lobby')).toMatchObject([
      { data: { text: 'Hi' }, event: 'chat', tags: { lang: 'en' }, from: 'ada' },
    ]);
    expect(gateway.messages('chat:lobby')).toHaveLength(3);
  });

  it('reconnects after a lost connection, and misses nothing', async () => {
    const { client, gateway } = start();
    const seen: unknown[] = [];
    const states: string[] = [];
    client.on('state', ({ state }) => states.push(state));
    client.channel('chat:lobby').subscribe(({ data }) => seen.push(data));
    await gateway.settled();
    gateway.refuseConnections();
    gateway.drop('ada');
    await gateway.settled();
    expect(client.state).toBe('waiting');
    expect(gateway.connections).toEqual([]);
    gateway.publish('chat:lobby', 'Meanwhile');
    gateway.accept();
    await gateway.settled();
    expect(seen).toEqual(['Meanwhile']);
    expect(states.filter((state) => state === 'connected')).toHaveLength(2);
  });

  it('unsubscribes after the last handler is removed', async () => {
    const { client, gateway } = start();
    const subscription = client.channel('chat:lobby').subscribe(() => {});
    await gateway.settled();
    subscription.unsubscribe();
    if (timers === 'faked') vi.advanceTimersByTime(1);
    await gateway.settled();
    expect(gateway.subscribers('chat:lobby')).toEqual([]);
  });
});

describe('the in-memory gateway', () => {
  it('serves several clients', async () => {
    const { client: ada, gateway } = setUp({ user: 'ada' });
    const bob = gateway.client('bob');
    const seen: unknown[] = [];
    bob.channel('chat:lobby').subscribe(({ data, from }) => seen.push([from, data]));
    await gateway.settled();
    await ada.channel('chat:lobby').publish('Hello');
    await gateway.settled();
    expect(seen).toEqual([['ada', 'Hello']]);
    expect(gateway.connections).toEqual(['bob', 'ada']);
  });

  it('refuses what is denied, and ends existing subscriptions', async () => {
    const { client, gateway } = setUp();
    const channel = client.channel('chat:lobby');
    const errors: SluiceError[] = [];
    const subscription = channel.subscribe(() => {}, { onError: (error) => errors.push(error) });
    await gateway.settled();
    gateway.deny('publish', 'chat:*');
    await expect(channel.publish(1)).rejects.toMatchObject({ name: 'permission_denied' });
    gateway.deny('subscribe', 'chat:lobby', { user: 'ada' });
    await gateway.settled();
    expect(subscription.state).toBe('denied');
    expect(errors).toHaveLength(1);
    gateway.allow('publish', 'chat:*');
    await channel.publish(2);
    expect(gateway.published('chat:lobby').map(({ data }) => data)).toEqual([2]);
  });

  it('denies one user only', async () => {
    const { client: ada, gateway } = setUp();
    gateway.deny('*', 'chat:lobby', { user: 'bob' });
    await ada.channel('chat:lobby').publish(1);
    const bob = gateway.client('bob').channel('chat:lobby');
    for (const refused of [bob.publish(1), bob.history(), bob.presence.enter()]) {
      await expect(refused).rejects.toMatchObject({ name: 'permission_denied' });
    }
  });

  it('sends gaps', async () => {
    const { client, gateway } = setUp();
    const gaps: Gap[] = [];
    client.channel('chat:lobby').subscribe(() => {}, { onGap: (gap) => gaps.push(gap) });
    await gateway.settled();
    gateway.gap('chat:lobby', 3);
    await gateway.settled();
    gateway.restart();
    await gateway.settled();
    expect(gaps).toMatchObject([{ lost: 3, reason: 'retention' }, { reason: 'epoch_changed' }]);
  });

  it('closes with a code, and the client reacts to it', async () => {
    const { client, gateway } = setUp();
    await client.connect();
    gateway.closeWith('token_expired');
    await gateway.settled();
    expect(client.state).toBe('connected');
    gateway.closeWith('protocol_violation');
    await gateway.settled();
    expect(client.state).toBe('closed');
  });

  it('has the members of the clients and of the test', async () => {
    const { client, gateway } = setUp();
    const { presence } = client.channel<unknown, { typing: boolean }>('chat:lobby');
    const news: string[] = [];
    presence.subscribe({ join: ({ user }) => news.push(`+${user}`), leave: ({ user }) => news.push(`-${user}`) });
    await presence.enter({ typing: false });
    const members = gateway.members('chat:lobby');
    members.enter('bob', { typing: true });
    await gateway.settled();
    expect(presence.members.get('bob')?.state).toEqual({ typing: true });
    members.leave('bob');
    await gateway.settled();
    expect(news).toEqual(['+ada', '+bob', '-bob']);
    expect(members.list).toMatchObject([{ user: 'ada', connections: 1, state: { typing: false } }]);
    await presence.leave();
    expect(members.list).toEqual([]);
  });

  it('counts lost members until the grace period or the test ends it', async () => {
    vi.useFakeTimers();
    const { client: ada, gateway } = setUp();
    const bob = gateway.client('bob');
    const list = () => gateway.members('chat:lobby').list.map(({ user }) => user);
    for (const one of [ada, bob]) void one.channel('chat:lobby').presence.enter();
    await gateway.settled();
    ada.close();
    await gateway.settled();
    expect(list()).toEqual(['ada', 'bob']);
    vi.advanceTimersByTime(4_999);
    expect(list()).toEqual(['ada', 'bob']);
    vi.advanceTimersByTime(1);
    expect(list()).toEqual(['bob']);
    bob.close();
    await gateway.settled();
    gateway.endGrace();
    expect(list()).toEqual([]);
  });

  it('keeps no history if configured', async () => {
    const { client, gateway } = setUp({ history: false });
    gateway.publish('chat:lobby', 1);
    const seen: unknown[] = [];
    client.channel('chat:lobby').subscribe(({ data }) => seen.push(data), { rewind: 10 });
    await gateway.settled();
    expect(seen).toEqual([]);
    expect(await client.channel('chat:lobby').history()).toMatchObject({ head: 1, first: 2, messages: [] });
  });

  it('applies contracts: channels, schemas and rules', async () => {
    const channels = defineChannels({
      'chat:{room}': {
        message: z.object({ text: z.string().trim() }),
        events: { typing: z.object({ typing: z.boolean() }) },
        rule: { history: { count: 1 } },
      },
    });
    const { client, gateway } = setUp<typeof channels>({ channels });
    const lobby = client.channel('chat:lobby');
    const seen: unknown[] = [];
    lobby.subscribe((message) => seen.push(message.event === 'typing' ? message.data.typing : message.data.text));
    await lobby.publish({ text: ' Hello ' });
    await lobby.publish({ typing: true }, { event: 'typing' });
    // @ts-expect-error the contract wants a text
    await expect(lobby.publish({ text: 1 })).rejects.toMatchObject({ name: 'payload_invalid' });
    await gateway.settled();
    expect(seen).toEqual(['Hello', true]);
    expect((await lobby.history()).messages).toHaveLength(1);
    expect(() => gateway.publish('news', 1)).toThrow('"news" is not a channel');
  });

  it('keeps subscriptions with an id apart', async () => {
    const { gateway } = setUp({ autoConnect: false });
    const socket = gateway.socket('ada');
    const received: { readonly type: string; readonly sub?: number; readonly id?: number }[] = [];
    socket.onmessage = ({ data }: { data: unknown }) => void received.push(...[JSON.parse(data as string)].flat());
    await gateway.settled();
    const send = async (...commands: object[]) => {
      received.length = 0;
      socket.send(JSON.stringify(commands));
      await gateway.settled();
      return received.map(({ type, id, sub }) => [type, id ?? sub]);
    };
    const subscribe = { type: 'subscribe', channel: 'a' };
    expect(await send({ type: 'connect', id: 1, client: 'test' })).toEqual([['reply', 1]]);
    expect(
      await send({ ...subscribe, id: 2 }, { ...subscribe, id: 3, sub: 7 }, { ...subscribe, id: 4, sub: 7 }),
    ).toEqual([
      ['reply', 2],
      ['reply', 3],
      ['error', 4],
    ]);
    gateway.publish('a', 1);
    expect(await send({ type: 'unsubscribe', channel: 'a', id: 5, sub: 7 })).toEqual([
      ['messages', undefined],
      ['messages', 7],
      ['reply', 5],
    ]);
    gateway.publish('a', 2);
    expect(await send({ type: 'unsubscribe', channel: 'a', id: 6, sub: 7 })).toEqual([
      ['messages', undefined],
      ['error', 6],
    ]);
  });

  it('sends unknown fields and push types of a newer gateway, which clients ignore', async () => {
    const frames: unknown[] = [];
    const socket = { push: (messages: readonly unknown[]) => frames.push(...messages) } as unknown as MemorySocket;
    const session = new MemorySession(socket, { id: 'c', user: 'ada', host: {} as SessionHost, newer: true });
    session.receive([{ type: 'connect', id: 1, client: 'test' }]);
    session.push({ type: 'live', channel: 'a' });
    session.flush();
    const unknown = { later: true };
    expect(frames.slice(1)).toEqual([
      { type: 'unknown', channel: 'unknown', unknown },
      { type: 'live', channel: 'a', unknown },
    ]);
  });

  it('does nothing before a client is used and after it is closed', async () => {
    const { client, gateway } = setUp({ user: null });
    await gateway.settled();
    expect(client.state).toBe('idle');
    await client.connect();
    expect(client.user).toBeNull();
    gateway.close();
    await gateway.settled();
    expect(client.state).toBe('closed');
    expect(gateway.connections).toEqual([]);
  });
});
