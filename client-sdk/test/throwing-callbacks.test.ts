import { afterEach, beforeEach, describe, expect, it, type Mock, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import { consume } from '../src/queues/index.ts';
import { respond } from '../src/requests/index.ts';
import { onServerSubscription } from '../src/server-subscriptions/index.ts';
import { connectionStore, messageStore, presenceStore } from '../src/stores/index.ts';
import { connectedClient, restoreGlobals } from './support/connected-client.ts';
import { FakeClient } from './support/fake-client.ts';
import { type FakeGateway, pass, turn, wireMessage } from './support/fake-gateway.ts';
import { TestBrowser } from './support/test-browser.ts';
import { hearUncaught } from './support/uncaught.ts';

const MISTAKE = new Error('a mistake of the application');

/** Milliseconds after which a refused command is retried, before the connection counts as silent. */
const RETRIED = 5_000;

let gateway: FakeGateway;
let client: Client;
/** A callback of the application. */
let boom: Mock<() => never>;
let onUncaught: Mock<(error: unknown) => void>;
let onConsole: Mock<(...values: unknown[]) => void>;

beforeEach(async () => {
  ({ gateway, client } = await connectedClient());
  onUncaught = hearUncaught();
  onConsole = vi.fn();
  vi.spyOn(console, 'error').mockImplementation(onConsole);
  boom = vi.fn(() => {
    throw MISTAKE;
  });
});

afterEach(async () => {
  client.close();
  await turn();
  restoreGlobals();
});

/** How often the mistake was reported: as an uncaught error, or on the console. */
const reports = () => [...onUncaught.mock.calls, ...onConsole.mock.calls].flat().filter((it) => it === MISTAKE).length;

const at = (offset: number) => ({ epoch: 'e1', offset });

let offset = 0;
let version = 0;

beforeEach(() => {
  offset = 0;
  version = 0;
});

const message = () => gateway.socket.messages('a', [++offset]);
const gap = () => {
  offset += 2;
  gateway.socket.push({ type: 'gap', channel: 'a', from: at(offset - 2), to: at(offset), reason: 'retention' });
};
const state = () => {
  gateway.socket.push({ type: 'replaying', channel: 'a' });
  gateway.socket.push({ type: 'live', channel: 'a' });
};
const refuseSubscribe = async () => {
  gateway.socket.refuse('subscribe', 'unavailable', { retryable: true });
  await pass(RETRIED);
};
const members = (...users: string[]) => {
  const changes = users.map((user) => ({ version: ++version, member: { user, connections: version, since: 0 } }));
  gateway.socket.push({ type: 'presence', channel: 'a', version, total: users.length, changes, reset: true });
};
const reconnect = async () => {
  gateway.socket.drop();
  await pass(60_000);
  await gateway.socket.accept();
};
const watched = async () => {
  await turn();
  gateway.socket.reply('watch', { total: 0 });
};
const subscribed = async () => {
  await turn();
  gateway.socket.subscribed(0);
};

interface Row {
  /** Registers the callback. */
  readonly begin: () => unknown;
  /** Answers for the gateway. */
  readonly accept?: () => unknown;
  /** Makes the SDK call it, at least once. */
  readonly fire: () => unknown;
}

const subscribe = (options: object, handler = () => {}) => {
  client.channel('a').subscribe(handler, options);
  return subscribed();
};

const ROWS: Readonly<Record<string, Row>> = {
  'on("state")': { begin: () => client.on('state', boom), fire: reconnect },
  'on("error")': {
    begin: () => client.on('error', boom),
    fire: () => gateway.socket.push({ type: 'error', error: { code: 4001, name: 'x', message: '', retryable: false } }),
  },
  'on("gap")': { begin: () => client.on('gap', boom), accept: () => subscribe({}), fire: gap },
  'the handler of subscribe': { begin: () => subscribe({}, boom), fire: message },
  'onGap of subscribe': { begin: () => subscribe({ onGap: boom }), fire: gap },
  'onGap of subscribe, as a promise': { begin: () => subscribe({ onGap: async () => boom() }), fire: gap },
  'onState of subscribe': { begin: () => subscribe({ onState: boom }), fire: state },
  'onError of subscribe': {
    begin: () => {
      client.channel('a').subscribe(() => {}, { onError: boom });
      return turn();
    },
    fire: refuseSubscribe,
  },
  'the listener of presence': {
    begin: () => client.channel('a').presence.subscribe(boom),
    accept: watched,
    fire: () => members('ada'),
  },
  ...Object.fromEntries(
    (['join', 'update', 'leave', 'count', 'change'] as const).map((name): [string, Row] => [
      `${name} of presence`,
      {
        begin: () => client.channel('a').presence.subscribe({ [name]: boom }),
        accept: watched,
        fire: () => {
          members('ada');
          members('ada', 'bob');
          members();
        },
      },
    ]),
  ),
  'error of presence': {
    begin: () => client.channel('a').presence.subscribe({ error: boom }),
    accept: turn,
    fire: async () => {
      gateway.socket.refuse('watch', 'unavailable', { retryable: true });
      await pass(RETRIED);
    },
  },
  onServerSubscription: {
    begin: () => onServerSubscription(client, boom),
    fire: () =>
      gateway.socket.push({
        type: 'subscribed',
        subscriptions: [{ channel: 'a', epoch: 'e1', offset: 1, state: 'live' }],
      } as never),
  },
  'onChange of connectionStore': { begin: () => connectionStore(client).subscribe(boom), fire: reconnect },
  'onChange of messageStore': {
    begin: () => messageStore(client, 'a').subscribe(boom),
    accept: subscribed,
    fire: () => message(),
  },
  ...Object.fromEntries(
    (
      [
        ['onMessage', message],
        ['onGap', gap],
        ['onState', state],
      ] as const
    ).map(([name, fire]): [string, Row] => [
      `${name} of messageStore`,
      { begin: () => messageStore(client, 'a').subscribe(() => {}, { [name]: boom }), accept: subscribed, fire },
    ]),
  ),
  'onChange of presenceStore': {
    begin: () => presenceStore(client, 'a').subscribe(boom),
    accept: watched,
    fire: () => members('ada'),
  },
  ...Object.fromEntries(
    (['onJoin', 'onUpdate', 'onLeave'] as const).map((name): [string, Row] => [
      `${name} of presenceStore`,
      {
        begin: () => presenceStore(client, 'a').subscribe(() => {}, { [name]: boom }),
        accept: watched,
        fire: () => {
          members('ada');
          members('ada', 'bob');
          members();
        },
      },
    ]),
  ),
};

describe('a callback that throws', () => {
  it.each(Object.entries(ROWS))('is reported, and called again: %s', async (_, { begin, accept, fire }) => {
    await begin();
    await accept?.();
    await turn();
    const before = boom.mock.calls.length;
    await fire();
    await turn();
    const first = boom.mock.calls.length;
    await fire();
    await turn();
    expect(first).toBeGreaterThan(before);
    expect(boom.mock.calls.length).toBeGreaterThan(first);
    expect(reports()).toBe(boom.mock.calls.length);
  });

  it.each([
    ['connectionStore', () => connectionStore(client), reconnect],
    ['messageStore', () => messageStore(client, 'a'), () => client.close()],
    ['presenceStore', () => presenceStore(client, 'a'), () => client.close()],
  ])('of one use of a %s does not stop the others', async (_, open, fire) => {
    const other = vi.fn();
    const store = open();
    store.subscribe(boom);
    store.subscribe(other);
    await turn();
    await fire();
    await turn();
    expect(other).toHaveBeenCalledTimes(boom.mock.calls.length);
    expect(other).toHaveBeenCalled();
  });
});

describe('a handler of work whose onError throws', () => {
  const fail = () => {
    throw new Error('the handler failed');
  };

  it('leaves no delivery in flight, and its consumer stops', async () => {
    const consumer = consume(client.channel('a'), fail, { onError: boom });
    await turn();
    gateway.socket.reply('consume', { group: 'queue', prefetch: 10, ackTimeout: 30_000 });
    const timers = vi.getTimerCount();
    const delivery = { id: 'd1', attempt: 1, deadline: 0, message: wireMessage(1) };
    gateway.socket.push({ type: 'deliveries', channel: 'a', group: 'queue', epoch: 'e1', deliveries: [delivery] });
    await turn();
    expect(gateway.socket.last('nack')).toMatchObject({ deliveries: ['d1'] });
    gateway.socket.reply('nack', {});
    await turn();
    expect(vi.getTimerCount()).toBe(timers);
    const stopped = consumer.stop();
    await turn();
    gateway.socket.reply('stop', {});
    await expect(stopped).resolves.toBeUndefined();
    expect([boom.mock.calls.length, reports()]).toEqual([1, 1]);
  });

  it.each([
    ['throws', fail],
    [
      'streams, and throws',
      async function* () {
        yield 1;
        fail();
      },
    ],
    ['returns what is not JSON', () => new Map()],
  ])('answers a request whose handler %s, and its responder stops', async (_, handler) => {
    const responder = respond(client.channel('a'), handler as never, { onError: boom });
    await turn();
    gateway.socket.reply('respond', {});
    gateway.socket.push({ type: 'requests', channel: 'a', requests: [{ request: 'r1', data: 1, timeout: 1000 }] });
    await turn();
    expect(gateway.socket.last('reply')).toMatchObject({ request: 'r1', error: {} });
    for (const { id } of gateway.socket.sent('reply')) gateway.socket.push({ type: 'reply', id, result: {} });
    await turn();
    const stopped = responder.stop();
    await turn();
    gateway.socket.reply('unrespond', {});
    await expect(stopped).resolves.toBeUndefined();
    expect([boom.mock.calls.length, reports()]).toEqual([1, 1]);
  });

  it.each(['consume', 'respond'] as const)('continues after a refused %s', async (kind) => {
    if (kind === 'consume') consume(client.channel('a'), fail, { onError: boom });
    else respond(client.channel('a'), fail, { onError: boom });
    await turn();
    gateway.socket.refuse(kind, 'unavailable', { retryable: true });
    await pass(RETRIED);
    expect([gateway.socket.sent(kind).length, reports()]).toEqual([2, 1]);
  });
});

describe('a handler of an outbox that throws', () => {
  it('is reported, and the outbox sends on', async () => {
    const tab = new TestBrowser().open(new FakeClient());
    await turn();
    tab.client.online();
    tab.outbox.on('change', boom);
    tab.outbox.on('status', boom);
    tab.outbox.channel('a').on('change', boom);
    const outgoing = ['x', 'y'].map((data) => tab.outbox.publish('a', data));
    for (const each of outgoing) each.onStatus(boom);
    for (const each of outgoing) {
      await turn();
      tab.client.flight.accept();
      await expect(each.settled).resolves.toMatchObject({ status: 'accepted' });
    }
    await turn();
    expect(reports()).toBe(boom.mock.calls.length);
    expect(reports()).toBeGreaterThan(8);
    tab.outbox.close();
  });
});
