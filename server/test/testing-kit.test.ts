import { fileURLToPath } from 'node:url';
import { type Client, type ClientOptions, createClient, type Gap, type StateChange } from '@sluice/client';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../src/testing/index.ts';

const CHANNELS: NonNullable<TestGatewayOptions['channels']> = {
  'chat:{room}': { allow: { '*': 'users' }, history: { count: 100, age: '1h' } },
  'news:{topic}': { allow: { subscribe: 'users' } },
  'staff:{room}': { allow: { '*': 'role:admin' }, history: true },
  'archive:{room}': { history: true, bind: ['chat:{room}'] },
};

let gateway: TestGateway;
const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await gateway.close();
});

/** A client of the gateway, created as an application does. */
function as(user: string, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({ url: gateway.url, token: () => gateway.token(user), WebSocket, ...options });
  clients.push(client);
  return client;
}

/** Resolves when the client enters a state again. */
function next(client: Client, state: StateChange['state']): Promise<StateChange> {
  return new Promise((resolve) => {
    const stop = client.on('state', (change) => {
      if (change.state !== state) return;
      stop();
      resolve(change);
    });
  });
}

/** Records the messages of a subscription. `has` resolves when that many have arrived. */
function listen(client: Client, channel: string) {
  const data: unknown[] = [];
  const gaps: Gap[] = [];
  let arrived = () => {};
  const subscription = client.channel(channel).subscribe(
    (message) => {
      data.push(message.data);
      arrived();
    },
    { onGap: (gap) => gaps.push(gap) },
  );
  const has = (count: number) =>
    new Promise<void>((resolve) => {
      arrived = () => {
        if (data.length >= count) resolve();
      };
      arrived();
    });
  return { data, gaps, has, ready: subscription.ready };
}

describe('a test gateway', () => {
  it('serves and lists clients, and stops', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    const received = listen(ada, 'chat:lobby');
    expect(await gateway.connected('ada')).toMatchObject({ user: 'ada' });
    expect(await gateway.subscribed('ada', 'chat:lobby')).toMatchObject({ channels: ['chat:lobby'] });
    await ada.channel('chat:lobby').publish({ text: 'Hello' }, { event: 'chat' });
    expect(await gateway.received('chat:lobby', { from: 'ada' })).toMatchObject({ data: { text: 'Hello' }, offset: 1 });
    await gateway.publish('chat:lobby', 'from a backend');
    await received.has(2);
    expect(await gateway.metric('sluice_connections')).toBe(1);
    ada.close();
    await gateway.disconnected('ada');
    expect(gateway.connections).toEqual([]);
  });

  it('opens every channel to all users if no rules are given', async () => {
    gateway = await startTestGateway();
    await as('ada').channel('what:ever').publish(1);
    expect(gateway.messages('what:ever').map(({ data }) => data)).toEqual([1]);
  });

  it('publishes as a user with the permissions of the user', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    await gateway.publishAs('ada', 'chat:lobby', 'Hello', { event: 'chat', tags: { lang: 'en' } });
    expect(gateway.messages('chat:lobby')).toMatchObject([
      { from: 'ada', data: 'Hello', event: 'chat', tags: { lang: 'en' } },
    ]);
    await expect(gateway.publishAs('ada', 'staff:room', 1)).rejects.toMatchObject({ name: 'permission_denied' });
    await gateway.publishAs('ada', 'staff:room', 1, { token: { role: 'admin' } });
    await expect(gateway.publishAs('ada', 'no-such', 1)).rejects.toMatchObject({ name: 'channel_unknown' });
  });

  it('reports the actual state if a wait times out', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    await as('ada').connect();
    await gateway.publishAs('bob', 'chat:lobby', 'Hello');
    const options = { timeout: 1 };
    await expect(gateway.connected('bob', options)).rejects.toThrow('user "bob" is not connected; connected: ada');
    await expect(gateway.subscribed('ada', 'chat:x', options)).rejects.toThrow('subscribed: nobody; connected: ada');
    await expect(gateway.entered('ada', 'chat:x', options)).rejects.toThrow('members: nobody');
    await expect(gateway.received('chat:lobby', { data: 'Bye' }, options)).rejects.toThrow('bob: "Hello"');
    await expect(gateway.received('chat:lobby', ({ data }) => data === 1, options)).rejects.toThrow('the last of them');
    expect(() => gateway.faults.drop('bob')).toThrow('user "bob" is not connected; connected: ada');
    expect(() => gateway.faults.closeWith('rate_limited')).toThrow('never closes a connection');
    await expect(gateway.faults.recover()).rejects.toThrow('already running');
    await expect(gateway.metric('sluice_nonsense')).rejects.toThrow('there is no metric');
  });

  it('finds messages by fields and by matchers', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const waiting = gateway.received('chat:lobby', { data: expect.objectContaining({ n: 2 }), offset: 2 });
    for (const n of [1, 2]) await gateway.publish('chat:lobby', { n, more: true });
    expect((await waiting).data).toEqual({ n: 2, more: true });
  });

  it('ends pending waits when it is closed', async () => {
    gateway = await startTestGateway();
    const waiting = gateway.connected('ada').catch((error: Error) => error.message);
    await gateway.close();
    expect(await waiting).toContain('was closed');
  });

  it('issues valid tokens in development mode', async () => {
    gateway = await startTestGateway({ dev: true });
    const { token } = (await (await fetch(`${gateway.httpUrl}/dev/token?sub=ada`)).json()) as { token: string };
    await as('ada', { token }).connect();
    await as('bob').connect();
    expect(gateway.connections.map(({ user }) => user)).toEqual(['ada', 'bob']);
  });

  it('uses the rules of a configuration file, but not its keys and address', async () => {
    const file = fileURLToPath(new URL('support/production.yaml', import.meta.url));
    gateway = await startTestGateway({ file, limits: { subscriptions: 1 } });
    await gateway.publishAs('ada', 'only:this', 1);
    await expect(gateway.publishAs('ada', 'chat:lobby', 1)).rejects.toMatchObject({ name: 'channel_unknown' });
    await as('ada').connect();
    await expect(startTestGateway({ file: `${file}.none` })).rejects.toThrow('does not exist');
  });

  it('resolves when a subscriber has been sent everything', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    for (let n = 0; n < 50; n++) await gateway.publish('chat:lobby', n);
    const ada = as('ada');
    const received: unknown[] = [];
    ada.channel('chat:lobby').subscribe(({ data }) => received.push(data), { rewind: 50 });
    await gateway.live('ada', 'chat:lobby');
    await expect(gateway.live('ada', 'chat:other', { timeout: 1 })).rejects.toThrow('not subscribed');
  });

  it('accepts messages over HTTP with its API key', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const answer = await fetch(`${gateway.httpUrl}/api/v1/publish`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${gateway.apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ channel: 'chat:lobby', data: 1 }),
    });
    expect(answer.status).toBe(200);
    expect(gateway.messages('chat:lobby')).toHaveLength(1);
  });
});

describe('its engine', () => {
  it('removes messages for good over HTTP', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    for (let n = 1; n <= 3; n++) await gateway.publish('chat:a', n);
    const url = `${gateway.httpUrl}/api/v1/channels/chat:a/messages`;
    const headers = { Authorization: `Bearer ${gateway.apiKey}` };
    const removed = await fetch(`${url}?upTo=2`, { method: 'DELETE', headers });
    expect(removed.status).toBe(200);
    expect(await (await fetch(url, { headers })).json()).toMatchObject({ messages: [{ offset: 3 }] });
  });

  it('records the copies in bound channels like other messages', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    await gateway.publish('chat:a', 'hello');
    const origin = { channel: 'chat:a', offset: 1 };
    expect(gateway.messages('archive:a')).toMatchObject([{ data: 'hello', origin }]);
  });
});

describe('its clock', () => {
  it('expires tokens: the client receives a request for a new one, and is closed if it has none', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const reasons: string[] = [];
    const ada = as('ada', {
      token: ({ reason }) => {
        reasons.push(reason);
        return gateway.token('ada', { expiresIn: '1h' });
      },
    });
    const bob = as('bob', { token: await gateway.token('bob', { expiresIn: '1h' }) });
    await Promise.all([ada.connect(), bob.connect()]);
    await gateway.clock.advance('59m');
    await gateway.renewed('ada');
    expect(reasons).toEqual(['connect', 'refresh']);
    await expect(gateway.renewed('bob', { timeout: 1 })).rejects.toThrow('has not renewed');
    const closed = next(bob, 'closed');
    await gateway.clock.advance('2m');
    expect((await closed).error?.name).toBe('token_expired');
    expect(ada.state).toBe('connected');
  });

  it('expires history', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    await gateway.publish('chat:lobby', 'old');
    await gateway.clock.advance('61m');
    await gateway.publish('chat:lobby', 'new');
    const { messages } = await ada.channel('chat:lobby').history();
    expect(messages.map(({ data }) => data)).toEqual(['new']);
  });

  it('ends the grace period of presence', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    await ada.channel('chat:lobby').presence.enter();
    expect(await gateway.entered('ada', 'chat:lobby')).toMatchObject({ connections: 1 });
    gateway.faults.refuseConnections();
    gateway.faults.drop('ada');
    await gateway.disconnected('ada');
    expect(gateway.members('chat:lobby')).toHaveLength(1);
    await gateway.clock.advance('5s');
    await gateway.left('ada', 'chat:lobby');
  });
});

describe('its faults', () => {
  it('drop: the connection is cut, and nothing is lost', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    const received = listen(ada, 'chat:lobby');
    await received.ready;
    const waiting = next(ada, 'waiting');
    gateway.faults.drop('ada');
    await waiting;
    await gateway.publish('chat:lobby', 'Meanwhile');
    await ada.connect();
    await received.has(1);
    expect(received).toMatchObject({ data: ['Meanwhile'], gaps: [] });
  });

  it('closeWith: the client reacts to the code', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    await ada.connect();
    const waiting = next(ada, 'waiting');
    gateway.faults.closeWith('slow_reader');
    expect((await waiting).error?.name).toBe('slow_reader');
    await ada.connect();
    const closed = next(ada, 'closed');
    gateway.faults.closeWith('protocol_violation', 'ada');
    expect((await closed).error?.name).toBe('protocol_violation');
  });

  it('stall: nothing reaches the client until it is resumed', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const [ada, bob] = [as('ada'), as('bob')];
    const [slow, quick] = [listen(ada, 'chat:lobby'), listen(bob, 'chat:lobby')];
    await Promise.all([slow.ready, quick.ready]);
    gateway.faults.stall('ada');
    await gateway.publish('chat:lobby', 1);
    await quick.has(1);
    // Its commands still reach the gateway, but no answer comes back.
    const publishing = ada.channel('chat:lobby').publish(2);
    await gateway.received('chat:lobby', { data: 2 });
    await quick.has(2);
    expect(slow.data).toEqual([]);
    gateway.faults.resume('ada');
    await Promise.all([publishing, slow.has(2)]);
    expect(slow.data).toEqual([1, 2]);
  });

  it('stall: the gateway reaches its buffer limit for one reader', async () => {
    gateway = await startTestGateway({ channels: CHANNELS, limits: { outbound: '64KiB' } });
    const ada = as('ada');
    const received = listen(ada, 'chat:lobby');
    await received.ready;
    gateway.faults.stall('ada');
    let count = 0;
    const padding = 'x'.repeat(60_000);
    while ((await gateway.metric('sluice_overflows_total')) === 0) {
      for (let n = 0; n < 10; n++) await gateway.publish('chat:lobby', { n: count++, padding });
    }
    expect(count).toBeLessThan(1_000);
    gateway.faults.resume();
    const last = new Promise<void>((resolve) => {
      ada.channel<{ n: number }>('chat:lobby').subscribe(({ data }) => {
        if (data.n === count) resolve();
      });
    });
    await gateway.publish('chat:lobby', { n: count });
    await last;
    const lost = received.gaps.reduce((sum, gap) => sum + (gap.lost ?? 0), 0);
    expect(received.data.length + lost).toBe(count + 1);
  });

  it('silence: also affects later connections', async () => {
    gateway = await startTestGateway({ channels: CHANNELS, heartbeat: '1s' });
    const ada = as('ada');
    await ada.connect();
    gateway.faults.silence('ada');
    const publishing = ada.channel('chat:lobby').publish('Can you hear me?');
    gateway.faults.drop('ada');
    const again = ada.connect();
    await gateway.connected('ada');
    expect(gateway.messages('chat:lobby')).toEqual([]);
    gateway.faults.resume('ada');
    await Promise.all([again, publishing]);
    expect(gateway.messages('chat:lobby')).toHaveLength(1);
  });

  it('delay: every byte is delayed, in order', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    await ada.connect();
    gateway.faults.delay(20, 'ada');
    const start = performance.now();
    await Promise.all([1, 2, 3].map((n) => ada.channel('chat:lobby').publish(n)));
    expect(performance.now() - start).toBeGreaterThanOrEqual(39);
    gateway.faults.delay(0);
    expect(gateway.messages('chat:lobby').map(({ data }) => data)).toEqual([1, 2, 3]);
  });

  it.each([
    { channel: 'chat:lobby', data: ['before', 'after', 'later'], lost: 1 },
    // Without a log, the message that reveals the loss cannot be read again.
    { channel: 'news:today', data: ['before', 'later'], lost: 2 },
  ])('loseMessage: subscribers of $channel receive a gap', async ({ channel, data, lost }) => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const received = listen(as('ada'), channel);
    await received.ready;
    await gateway.publish(channel, 'before');
    gateway.faults.loseMessage(channel);
    for (const word of ['lost', 'after', 'later']) await gateway.publish(channel, word);
    await received.has(data.length);
    expect(received.data).toEqual(data);
    expect(received.gaps).toMatchObject([{ lost }]);
  });

  it('loseMessage: a reconnecting client receives the gap', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    let listener: (gap: Gap) => void = () => {};
    const gap = new Promise<Gap>((resolve) => {
      listener = resolve;
    });
    await ada.channel('chat:lobby').subscribe(() => {}, { onGap: listener }).ready;
    gateway.faults.loseMessage('chat:lobby');
    gateway.faults.drop();
    await gateway.publish('chat:lobby', 'lost');
    expect(await gap).toMatchObject({ lost: 1, reason: 'retention' });
  });

  it('expireToken: only a new token is accepted', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const token = await gateway.token('ada');
    const [renewing, stubborn] = [as('ada'), as('ada', { token })];
    await Promise.all([renewing.connect(), stubborn.connect()]);
    const [closed, back] = [next(stubborn, 'closed'), next(renewing, 'connected')];
    gateway.faults.expireToken('ada');
    expect((await closed).error?.name).toBe('token_expired');
    await back;
  });

  it('refuseConnections: lasts until connections are accepted again', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    gateway.faults.refuseConnections();
    const waiting = next(ada, 'waiting');
    const connected = ada.connect();
    await waiting;
    gateway.faults.accept();
    void ada.connect();
    await connected;
  });

  it.each([
    { keepLog: true, data: ['Before', 'Meanwhile', 'After'], gaps: [] },
    { keepLog: false, data: ['Before', 'After'], gaps: [{ reason: 'epoch_changed' }] },
  ])('restart: keeps the address, with or without its log ($keepLog)', async ({ keepLog, data, gaps }) => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    const received = listen(ada, 'chat:lobby');
    await received.ready;
    await gateway.publish('chat:lobby', 'Before');
    await received.has(1);
    const waiting = next(ada, 'waiting');
    if (keepLog) {
      gateway.faults.refuseConnections();
      gateway.faults.drop();
      await gateway.publish('chat:lobby', 'Meanwhile');
    }
    await gateway.faults.restart({ keepLog });
    await waiting;
    await ada.connect();
    await gateway.subscribed('ada', 'chat:lobby');
    await gateway.publish('chat:lobby', 'After');
    await received.has(data.length);
    expect(received.data).toEqual(data);
    expect(received.gaps).toMatchObject(gaps);
  });

  it('drain: clients are closed, and reconnect', async () => {
    gateway = await startTestGateway({ channels: CHANNELS });
    const ada = as('ada');
    await ada.connect();
    const waiting = next(ada, 'waiting');
    await gateway.faults.drain();
    expect((await waiting).error?.name).toBe('draining');
    await gateway.faults.recover();
    await ada.connect();
  });
});
