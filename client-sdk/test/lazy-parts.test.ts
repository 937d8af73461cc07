import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import type { SluiceError } from '../src/errors.ts';
import { type FakeGateway, pass, turn } from './support/fake-gateway.ts';

/** The loading of the parts, which the test controls. */
let arrive: () => void;
let fail: (cause: Error) => void;
let loads = 0;

let gateway: FakeGateway;
let client: Client;
let errors: SluiceError[];

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules();
  loads = 0;
  const parts = await vi.importActual<object>('../src/on-demand.ts');
  const loadParts = () => {
    loads++;
    return new Promise((resolve, reject) => {
      arrive = () => resolve(parts);
      fail = reject;
    });
  };
  vi.doMock('../src/load-parts.ts', () => ({ loadParts }));
  // Disables the preloading of the other tests, because loading is tested here.
  vi.doMock('./support/loaded-parts.ts', () => ({}));
  const { FakeGateway: Gateway } = await import('./support/fake-gateway.ts');
  gateway = new Gateway();
  client = gateway.client();
  errors = [];
  client.on('error', (error) => errors.push(error));
});

afterEach(() => {
  vi.doUnmock('../src/load-parts.ts');
  vi.doUnmock('./support/loaded-parts.ts');
  vi.useRealTimers();
});

async function connect(): Promise<void> {
  void client.connect();
  await turn();
  await gateway.socket.accept();
}

const types = () => gateway.socket.commands.map(({ type }) => type);

describe('presence before its part has loaded', () => {
  it('does not load the part before it is used', async () => {
    const { presence } = client.channel('a');
    await connect();
    expect([loads, presence.members.size, presence.members.total, presence.counting]).toEqual([0, 0, 0, false]);
    expect([presence.members.list, [...presence.members], presence.members.has('ada')]).toEqual([[], [], false]);
    expect([presence.members.get('ada'), presence.sorted(() => 0).size]).toEqual([undefined, 0]);
  });

  it('connects immediately, and keeps the order of the calls', async () => {
    const { presence } = client.channel('a');
    const first = presence.enter({ n: 1 });
    const second = presence.leave();
    const third = presence.enter({ n: 2 });
    expect([client.state, loads]).toEqual(['connecting', 1]);
    await connect();
    expect(types()).toEqual(['connect']);
    arrive();
    await turn();
    gateway.socket.reply('enter', {});
    await turn();
    gateway.socket.reply('enter', {});
    await Promise.all([first, second, third]);
    expect(gateway.socket.sent('enter').map(({ state }) => state)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('returns the same channel object while a call waits for the part, and afterwards', async () => {
    const channel = client.channel('a');
    channel.presence.subscribe(() => {});
    expect(client.channel('a')).toBe(channel);
    await connect();
    arrive();
    await turn();
    expect(client.channel('a')).toBe(channel);
  });

  it('has one frozen empty list, before and after', async () => {
    const { presence } = client.channel('a');
    const { list } = presence.members;
    expect(() => (list as unknown[]).push('ada')).toThrow(TypeError);
    presence.subscribe(() => {});
    await connect();
    arrive();
    await turn();
    expect(presence.members.list).toBe(list);
    gateway.socket.reply('watch', { total: 0 });
    gateway.socket.push({ type: 'presence', channel: 'a', version: 1, total: 0, changes: [], reset: true });
    expect(presence.members.list).toBe(list);
    expect(client.channel('b').presence.members.list).toBe(list);
  });

  it('copies a state synchronously', async () => {
    const state = { n: 1 };
    void client.channel('a').presence.enter(state);
    state.n = 2;
    await connect();
    arrive();
    await turn();
    expect(gateway.socket.last('enter').state).toEqual({ n: 1 });
  });

  it('does not subscribe for a listener that was removed', async () => {
    const stop = client.channel('a').presence.subscribe(() => {});
    await connect();
    stop();
    arrive();
    await turn();
    expect(types()).toEqual(['connect']);
  });

  it('updates the same objects after the part has loaded', async () => {
    const { presence } = client.channel('a');
    const { members } = presence;
    const backwards = presence.sorted((a, b) => (a.user < b.user ? 1 : -1));
    const seen: unknown[] = [];
    presence.subscribe((now) => seen.push(now));
    await connect();
    arrive();
    await turn();
    gateway.socket.reply('watch', { total: 2 });
    const changes = ['ada', 'bob'].map((user) => ({ version: 1, member: { user, connections: 1, since: 1 } }));
    gateway.socket.push({ type: 'presence', channel: 'a', version: 1, total: 2, changes, reset: true });
    expect(members.list.map(({ user }) => user)).toEqual(['ada', 'bob']);
    expect(backwards.list.map(({ user }) => user)).toEqual(['bob', 'ada']);
    expect([...members].map(({ user }) => user)).toEqual(['ada', 'bob']);
    expect([members.get('ada')?.user, members.has('bob'), members.total, members.size]).toEqual(['ada', true, 2, 2]);
    expect(seen).toEqual([members]);
  });
});

describe('a part that fails to load', () => {
  it('is reported and loaded again, and pending calls are kept', async () => {
    const entered = client.channel('a').presence.enter();
    client.channel('b').presence.subscribe(() => {});
    await connect();
    fail(new Error('no network'));
    await turn();
    expect(errors.map(({ name, retryable }) => [name, retryable])).toEqual([['not_loaded', true]]);
    await pass(1000);
    expect(loads).toBe(2);
    arrive();
    await turn();
    expect(types()).toEqual(['connect', 'enter', 'watch']);
    gateway.socket.reply('enter', {});
    await entered;
  });

  it('rejects pending calls when the client closes', async () => {
    const lost: SluiceError[] = [];
    client.channel('b').presence.subscribe({ error: (error) => lost.push(error) });
    const entered = expect(client.channel('a').presence.enter()).rejects.toMatchObject({ name: 'closed' });
    await connect();
    client.close();
    fail(new Error('no network'));
    await entered;
    await pass(1000);
    expect([loads, lost.map(({ name }) => name)]).toEqual([1, ['closed']]);
  });

  it('leaves a late subscriber ended, without an error, when the client closes', async () => {
    const channel = client.channel('a');
    channel.subscribe(() => {});
    await connect();
    gateway.socket.subscribed(2);
    const lost: SluiceError[] = [];
    const late = channel.subscribe(() => {}, { rewind: 1, onError: (error) => lost.push(error) });
    await turn();
    client.close();
    fail(new Error('no network'));
    await pass(1000);
    expect([loads, late.state, lost, errors]).toEqual([1, 'ended', [], []]);
  });

  it('delivers the backlog to a late subscriber when it has loaded', async () => {
    const channel = client.channel('a');
    channel.subscribe(() => {});
    await connect();
    gateway.socket.subscribed(2);
    const seen: number[] = [];
    channel.subscribe(({ offset }) => seen.push(offset), { rewind: 1 });
    await turn();
    fail(new Error('no network'));
    await pass(1000);
    gateway.socket.messages('a', [3]);
    expect(seen).toEqual([]);
    arrive();
    await turn();
    const messages = [{ id: '2', offset: 2, time: 0, data: 2 }];
    gateway.socket.reply('history', { epoch: 'e1', head: 2, first: 1, messages });
    await turn();
    expect(seen).toEqual([2, 3]);
  });
});

describe('an iteration before the part has loaded', () => {
  it('subscribes in the first next call, before a publish that follows, and does not load the part', async () => {
    await connect();
    const channel = client.channel<number>('a');
    const iterator = channel.messages();
    const first = iterator.next();
    void channel.publish(1).catch(() => {});
    await turn();
    expect([types(), loads]).toEqual([['connect', 'subscribe', 'publish'], 0]);
    gateway.socket.subscribed();
    gateway.socket.messages('a', [1]);
    expect(await first).toMatchObject({ value: { data: 1 } });
    await iterator.return();
  });
});
