import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import { StoredOutbox } from '../src/outbox/outbox.ts';
import type { Platform } from '../src/outbox/platform.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';

const memory: Platform = {
  open: () => Promise.reject(new Error('no disk')),
  ledger: () => ({ note: () => false, read: () => new Map(), forget: () => {} }),
  openTabChannel: () => undefined,
  onWake: () => () => {},
  onSleep: () => () => {},
  awaitLeadership: () => Promise.reject(new Error('no locks')),
};

let gateway: FakeGateway;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  gateway = new FakeGateway();
});

afterEach(restoreGlobals);

const outboxOf = (client: Client) => new StoredOutbox(client, { user: 'ada', platform: memory });
const result = { id: 'm1', epoch: 'e1', offset: 1 };

describe('an outbox on a real client', () => {
  it('connects the client, and sends nothing until it knows the user', async () => {
    const outbox = outboxOf(gateway.client());
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const outgoing = outbox.publish('a', { n: 1 }, { event: 'chat', tags: { a: 'b' }, trace, ttl: 5_000 });
    await turn();
    expect(gateway.sockets).toHaveLength(1);
    await gateway.socket.accept();
    const [publish, ...more] = gateway.socket.sent('publish');
    expect(more).toEqual([]);
    expect(publish).toMatchObject({
      channel: 'a',
      data: { n: 1 },
      key: outgoing.key,
      event: 'chat',
      tags: { a: 'b' },
      trace,
      ttl: 5_000,
    });
    expect(outgoing.trace).toBe(trace);
    gateway.socket.reply('publish', result);
    await expect(outgoing.settled).resolves.toMatchObject({ status: 'accepted', result });
  });

  it('does not connect a client that waits for connect()', async () => {
    outboxOf(gateway.client({ autoConnect: false })).publish('a', 1);
    await turn();
    expect(gateway.sockets).toHaveLength(0);
  });

  it('repeats with the same key after a lost connection, once per connection', async () => {
    const outbox = outboxOf(gateway.client());
    const { key } = outbox.publish('a', 1);
    await turn();
    await gateway.socket.accept();
    gateway.socket.drop();
    await pass(250);
    await gateway.socket.accept();
    expect(gateway.socket.sent('publish').map((command) => command.key)).toEqual([key]);
  });

  it('keeps its messages when the client closes for any reason, and continues when it reconnects', async () => {
    const client = gateway.client();
    const outbox = outboxOf(client);
    outbox.publish('a', 1);
    await turn();
    await gateway.socket.accept();
    gateway.socket.drop(4202, 'token_algorithm');
    await turn();
    expect([client.state, outbox.messages[0]?.status]).toEqual(['closed', 'sent']);
    client.connect().catch(() => {});
    await turn();
    await gateway.socket.accept();
    client.close();
    await turn();
    expect(outbox.messages[0]?.status).toBe('sent');
    void client.connect();
    await turn();
    await gateway.socket.accept();
    gateway.socket.reply('publish', result);
    await turn();
    expect(outbox.messages).toEqual([]);
  });

  it("never sends a user's messages as another user", async () => {
    const outbox = outboxOf(gateway.client());
    outbox.publish('a', 1);
    await turn();
    await gateway.socket.accept({ user: 'bob' });
    expect([gateway.socket.sent('publish'), outbox.messages[0]?.status]).toEqual([[], 'queued']);
  });
});
