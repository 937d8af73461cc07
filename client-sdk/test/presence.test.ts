import type { PresencePush, Member as WireMember } from '@sluice/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import type { SluiceError } from '../src/errors.ts';
import type { Presence } from '../src/presence-api.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';
import { hearUncaught } from './support/uncaught.ts';

let gateway: FakeGateway;
let client: Client;
let presence: Presence;

beforeEach(async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  gateway = new FakeGateway();
  client = gateway.client();
  presence = client.channel('a').presence;
  void client.connect();
  await turn();
  await gateway.socket.accept();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function member(user: string, extra: Partial<WireMember> = {}): WireMember {
  return { user, connections: 1, since: 1, ...extra };
}

function push(version: number, extra: Partial<PresencePush> & { total: number }): void {
  gateway.socket.push({ type: 'presence', channel: 'a', version, ...extra });
}

/** The whole list, in one push. */
function list(version: number, ...users: (string | WireMember)[]): void {
  const members = users.map((user) => (typeof user === 'string' ? member(user) : user));
  push(version, { total: users.length, reset: true, changes: members.map((one) => ({ version, member: one })) });
}

/** Listens and records every event. */
function listen(on = presence) {
  const seen: string[] = [];
  const errors: SluiceError[] = [];
  const stop = on.subscribe({
    join: ({ user }) => seen.push(`+${user}`),
    leave: ({ user }) => seen.push(`-${user}`),
    update: (now, before) => seen.push(`${now.user}: ${JSON.stringify(before.state)} ${JSON.stringify(now.state)}`),
    count: (total) => seen.push(`${total}`),
    change: (members) => seen.push(`[${members.list.map(({ user }) => user).join()}]`),
    error: (error) => errors.push(error),
  });
  return { seen, errors, stop };
}

async function watched(): Promise<void> {
  await turn();
  gateway.socket.reply('watch', { total: 0 });
}

async function reconnect(): Promise<void> {
  gateway.socket.drop();
  await pass(1000);
  await gateway.socket.accept();
}

describe('a presence subscription', () => {
  it('does nothing before there is a listener', async () => {
    expect([presence.members.size, presence.members.total, presence.counting]).toEqual([0, 0, false]);
    expect([...presence.members]).toEqual([]);
    await turn();
    expect(gateway.socket.commands.map(({ type }) => type)).toEqual(['connect']);
  });

  it('reports the list, then changes, with one "change" event per push', async () => {
    const { seen } = listen();
    await watched();
    list(5, 'bob', 'ada');
    push(7, {
      total: 2,
      changes: [
        { version: 6, member: member('cid') },
        { version: 7, left: 'ada' },
      ],
    });
    push(8, { total: 2, changes: [{ version: 8, member: member('bob', { state: 1 }) }] });
    const expected = ['+bob', '+ada', '2', '[ada,bob]', '-ada', '+cid', '[bob,cid]', 'bob: undefined 1', '[bob,cid]'];
    expect(seen).toEqual(expected);
    expect(presence.members.get('bob')).toEqual(member('bob', { state: 1 }));
    expect([presence.members.has('ada'), presence.members.size, presence.members.total]).toEqual([false, 2, 2]);
  });

  it('drops pushes before the reply to watch', async () => {
    const { seen } = listen();
    await turn();
    list(5, 'ada');
    expect(seen).toEqual([]);
  });

  it('drops changes that the list already contains (rule 1), and a leave of an unknown user (rule 2)', async () => {
    const { seen } = listen();
    await watched();
    list(5, 'ada');
    push(6, {
      total: 1,
      changes: [
        { version: 5, left: 'ada' },
        { version: 4, member: member('old') },
        { version: 6, left: 'nobody' },
      ],
    });
    expect(seen).toEqual(['+ada', '1', '[ada]']);
  });

  it('drops a push that is older than the list, including its total', async () => {
    listen();
    await watched();
    list(5, 'ada');
    push(4, { total: 9, changes: [{ version: 4, member: member('old') }] });
    expect([presence.members.total, presence.members.size]).toEqual([1, 1]);
  });

  it('collects a list from several pushes and reports it once', async () => {
    const { seen } = listen();
    await watched();
    push(5, { total: 3, reset: true, more: true, changes: [{ version: 5, member: member('ada') }] });
    push(5, { total: 3, more: true, changes: [{ version: 5, member: member('bob') }] });
    expect([seen, presence.members.size]).toEqual([[], 0]);
    push(5, { total: 3, changes: [{ version: 5, member: member('cid') }] });
    expect(seen).toEqual(['+ada', '+bob', '+cid', '3', '[ada,bob,cid]']);
  });

  it('starts over if a new list begins before the last one is complete', async () => {
    const { seen } = listen();
    await watched();
    push(5, { total: 2, reset: true, more: true, changes: [{ version: 5, member: member('ada') }] });
    list(6, 'bob');
    expect(seen).toEqual(['+bob', '1', '[bob]']);
  });

  it('reports only the differences when a list is repeated (rule 3)', async () => {
    const { seen } = listen();
    await watched();
    list(5, 'ada', member('bob', { state: 1 }), 'cid');
    seen.length = 0;
    const { list: before } = presence.members;
    list(5, 'ada', member('bob', { state: 1 }), 'cid');
    expect([seen, presence.members.list === before]).toEqual([[], true]);
    list(9, 'ada', member('bob', { state: 2 }), 'dan');
    expect(seen).toEqual(['-cid', 'bob: 1 2', '+dan', '[ada,bob,dan]']);
  });

  it('has only the total while there are too many members (rule 4), and reports the differences with the next list', async () => {
    const { seen } = listen();
    await watched();
    list(5, 'ada', 'bob');
    seen.length = 0;
    push(6, { total: 600 });
    expect([presence.counting, presence.members.total, presence.members.size]).toEqual([true, 600, 0]);
    push(7, { total: 601 });
    // Without a list there is nothing to change.
    push(8, { total: 601, changes: [{ version: 8, member: member('lost') }] });
    expect(seen).toEqual(['600', '[]', '601', '[]']);
    list(9, 'bob', 'cid');
    expect(seen.slice(4)).toEqual(['-ada', '+cid', '2', '[bob,cid]']);
    expect(presence.counting).toBe(false);
  });

  it('reports an empty channel', async () => {
    const { seen } = listen();
    await watched();
    list(0);
    expect(seen).toEqual(['0', '[]']);
  });

  it('calls a plain function for every change', async () => {
    const sizes: number[] = [];
    presence.subscribe((members) => sizes.push(members.size));
    await watched();
    list(1, 'ada');
    push(2, { total: 2, changes: [{ version: 2, member: member('bob') }] });
    expect(sizes).toEqual([1, 2]);
  });

  it('reports a handler that throws, and continues', async () => {
    const reported = hearUncaught();
    const error = new Error('mine');
    presence.subscribe(() => {
      throw error;
    });
    const { seen } = listen();
    await watched();
    list(1, 'ada');
    expect(seen).toEqual(['+ada', '1', '[ada]']);
    await turn();
    expect(reported.mock.calls).toEqual([[error]]);
  });
});

describe('the members', () => {
  it('are sorted by user or by a custom order, in arrays that keep their identity until something changes', async () => {
    listen();
    await watched();
    list(1, member('cid', { since: 1 }), member('Bob', { since: 3 }), member('ada', { since: 2 }));
    const byArrival = presence.sorted((a, b) => a.since - b.since);
    const { list: first } = presence.members;
    expect(first.map(({ user }) => user)).toEqual(['Bob', 'ada', 'cid']);
    expect([...byArrival].map(({ user }) => user)).toEqual(['cid', 'ada', 'Bob']);
    expect([presence.members.list, byArrival.list]).toEqual([first, byArrival.list]);
    expect(presence.members.list).toBe(first);
    push(2, { total: 4, changes: [{ version: 2, member: member('dan') }] });
    expect(presence.members.list).not.toBe(first);
    expect([first.length, presence.members.list.length, byArrival.size]).toEqual([3, 4, 4]);
  });
});

describe('several listeners', () => {
  it('share one presence subscription, and each receives all members', async () => {
    const first = listen();
    await watched();
    list(1, 'ada');
    const second = listen(client.channel('a').presence);
    expect(second.seen).toEqual([]);
    await turn();
    expect(gateway.socket.sent('watch')).toHaveLength(1);
    expect(second.seen).toEqual(['+ada', '1', '[ada]']);
    push(2, { total: 0, changes: [{ version: 2, left: 'ada' }] });
    expect(first.seen.slice(3)).toEqual(['-ada', '0', '[]']);
    expect(second.seen.slice(3)).toEqual(['-ada', '0', '[]']);
  });

  it('receive the total if they join while only counts are sent, and all members with the next list', async () => {
    listen();
    await watched();
    list(1, 'ada');
    push(2, { total: 600 });
    const { seen } = listen();
    await turn();
    expect(seen).toEqual(['600', '[]']);
    list(3, 'ada');
    expect(seen.slice(2)).toEqual(['+ada', '1', '[ada]']);
  });

  it('end the presence subscription with the last of them, and clear the members', async () => {
    const first = listen();
    const second = listen();
    await watched();
    first.stop();
    first.stop();
    await turn();
    expect(gateway.socket.sent('unwatch')).toHaveLength(0);
    list(1, 'ada');
    second.stop();
    await turn();
    expect(gateway.socket.sent('unwatch')).toHaveLength(1);
    list(2, 'bob');
    gateway.socket.reply('unwatch', {});
    expect([first.seen, second.seen.length, presence.members.size]).toEqual([[], 3, 0]);
    listen();
    await turn();
    expect(gateway.socket.sent('watch')).toHaveLength(2);
  });

  it('keep the presence subscription if one is removed and added in the same turn', async () => {
    const first = listen();
    await watched();
    list(1, 'ada');
    first.stop();
    const second = listen();
    await turn();
    expect(gateway.socket.commands.map(({ type }) => type)).toEqual(['connect', 'watch']);
    expect(second.seen).toEqual(['+ada', '1', '[ada]']);
  });

  it('can be removed by a handler', async () => {
    const seen: string[] = [];
    const stop = presence.subscribe({
      join: ({ user }) => {
        seen.push(user);
        stop();
      },
    });
    await watched();
    list(1, 'ada', 'bob');
    await turn();
    expect(seen).toEqual(['ada']);
    expect(gateway.socket.sent('unwatch')).toHaveLength(1);
  });

  it('get the same channel object while one listens', async () => {
    const channel = client.channel('b');
    const stop = channel.presence.subscribe(() => {});
    expect(client.channel('b')).toBe(channel);
    stop();
  });
});

describe('entering', () => {
  it('resolves when the gateway accepts; the state is copied synchronously', async () => {
    const state = { typing: false };
    const entered = presence.enter(state);
    state.typing = true;
    await turn();
    const { id: _, ...command } = gateway.socket.last('enter');
    expect(command).toEqual({ type: 'enter', channel: 'a', state: { typing: false } });
    gateway.socket.reply('enter', {});
    await entered;
    const left = presence.leave();
    await turn();
    gateway.socket.reply('leave', {});
    await left;
    void presence.enter();
    await turn();
    expect('state' in gateway.socket.last('enter')).toBe(false);
  });

  it('sends only the last of several changes while a command is pending', async () => {
    const done: number[] = [];
    void presence.enter(0).then(() => done.push(0));
    await turn();
    for (const n of [1, 2, 3]) void presence.update(n).then(() => done.push(n));
    await turn();
    expect(gateway.socket.sent('enter').map(({ state }) => state)).toEqual([0]);
    gateway.socket.reply('enter', {});
    await turn();
    expect(gateway.socket.sent('enter').map(({ state }) => state)).toEqual([0, 3]);
    expect(done).toEqual([0]);
    gateway.socket.reply('enter', {});
    await turn();
    expect(done).toEqual([0, 1, 2, 3]);
  });

  it('rejects an update without a membership', async () => {
    await expect(presence.update(1)).rejects.toMatchObject({ name: 'not_member', code: 4317 });
    await turn();
    expect(gateway.socket.sent('enter')).toHaveLength(0);
  });

  it('rejects with the error of the gateway, and is not a member afterwards', async () => {
    const entered = presence.enter(1);
    await turn();
    gateway.socket.refuse('enter', 'permission_denied');
    await expect(entered).rejects.toMatchObject({ name: 'permission_denied' });
    await reconnect();
    expect(gateway.socket.sent('enter')).toHaveLength(0);
    await expect(presence.update(2)).rejects.toMatchObject({ name: 'not_member' });
  });

  it('keeps the membership with its last state if an update is refused', async () => {
    const errors: SluiceError[] = [];
    client.on('error', (error) => errors.push(error));
    void presence.enter('good');
    await turn();
    gateway.socket.reply('enter', {});
    const updated = presence.update('too large');
    await turn();
    gateway.socket.refuse('enter', 'payload_too_large', { code: 4309 });
    await expect(updated).rejects.toMatchObject({ name: 'payload_too_large' });
    await reconnect();
    expect(gateway.socket.last('enter').state).toBe('good');
    expect(errors).toEqual([]);
  });

  it('tries the next state after one was refused', async () => {
    const first = presence.enter('bad');
    await turn();
    const second = presence.update('good');
    gateway.socket.refuse('enter', 'payload_too_large', { code: 4309 });
    await expect(first).rejects.toMatchObject({ name: 'payload_too_large' });
    await turn();
    expect(gateway.socket.last('enter').state).toBe('good');
    gateway.socket.reply('enter', {});
    await second;
  });

  it('is retried if the gateway asks for it, which the client reports', async () => {
    const errors: string[] = [];
    client.on('error', ({ name }) => errors.push(name));
    const entered = presence.enter(1);
    await turn();
    gateway.socket.refuse('enter', 'rate_limited', { code: 4311, retryable: true, retryAfter: 700 });
    await pass(699);
    expect(gateway.socket.sent('enter')).toHaveLength(1);
    await pass(1);
    expect(gateway.socket.sent('enter')).toHaveLength(2);
    gateway.socket.reply('enter', {});
    await entered;
    expect(errors).toEqual(['rate_limited']);
  });

  it('applies the last of enter and leave in one turn', async () => {
    void presence.enter(1);
    await turn();
    gateway.socket.reply('enter', {});
    const left = presence.leave();
    const entered = presence.enter(2);
    await turn();
    gateway.socket.reply('enter', {});
    await Promise.all([left, entered]);
    expect(gateway.socket.sent('leave')).toHaveLength(0);
    expect(gateway.socket.sent('enter').map(({ state }) => state)).toEqual([1, 2]);
  });

  it('that was never sent needs no leave, and rejects no promise', async () => {
    gateway.socket.drop();
    const entered = presence.enter(1);
    const left = presence.leave();
    await Promise.all([entered, left, turn()]);
    await pass(250);
    await gateway.socket.accept();
    expect(gateway.socket.commands.map(({ type }) => type)).toEqual(['connect']);
  });

  it('is ended by a leave after the pending command', async () => {
    void presence.enter(1);
    await turn();
    const left = presence.leave();
    await turn();
    expect(gateway.socket.sent('leave')).toHaveLength(0);
    gateway.socket.reply('enter', {});
    await turn();
    expect(gateway.socket.sent('leave')).toHaveLength(1);
    gateway.socket.refuse('leave', 'not_member', { code: 4317 });
    await left;
  });

  it('is not needed for leave to succeed', async () => {
    await presence.leave();
    expect(gateway.socket.sent('leave')).toHaveLength(0);
  });
});

describe('after a lost connection', () => {
  it('enters with the last state and watches again, in the first frame', async () => {
    client.channel('a').subscribe(() => {});
    listen();
    void presence.enter(1);
    await watched();
    gateway.socket.reply('enter', {});
    void presence.update(2);
    gateway.socket.drop();
    await pass(250);
    gateway.socket.open();
    expect(gateway.socket.frames).toHaveLength(1);
    expect(gateway.socket.frames[0]?.map(({ type }) => type)).toEqual(['connect', 'subscribe', 'watch', 'enter']);
    expect(gateway.socket.last('enter').state).toBe(2);
  });

  it('reports only the differences', async () => {
    const { seen } = listen();
    await watched();
    list(5, 'ada', 'bob');
    const before = presence.members.list;
    seen.length = 0;
    await reconnect();
    expect([presence.members.list === before, presence.members.total]).toEqual([true, 2]);
    gateway.socket.reply('watch', { total: 2 });
    // Another gateway counts its versions differently.
    list(2, 'bob', 'ada');
    expect([seen, presence.members.list === before]).toEqual([[], true]);
    await reconnect();
    gateway.socket.reply('watch', { total: 2 });
    push(3, { total: 2, reset: true, more: true, changes: [{ version: 3, member: member('bob') }] });
    push(3, { total: 2, changes: [{ version: 3, member: member('cid') }] });
    expect(seen).toEqual(['-ada', '+cid', '[bob,cid]']);
  });

  it('applies no change before the list', async () => {
    const { seen } = listen();
    await watched();
    list(5, 'ada');
    await reconnect();
    gateway.socket.reply('watch', { total: 2 });
    push(9, { total: 2, changes: [{ version: 9, member: member('bob') }] });
    expect([seen.length, presence.members.size]).toEqual([3, 1]);
  });

  it('discards a list that was interrupted', async () => {
    const { seen } = listen();
    await watched();
    push(5, { total: 2, reset: true, more: true, changes: [{ version: 5, member: member('ada') }] });
    await reconnect();
    gateway.socket.reply('watch', { total: 1 });
    push(5, { total: 2, changes: [{ version: 5, member: member('bob') }] });
    expect(seen).toEqual([]);
    list(1, 'cid');
    expect(seen).toEqual(['+cid', '1', '[cid]']);
  });

  it('resolves a pending enter when the next connection accepts it', async () => {
    const entered = presence.enter(1);
    await turn();
    await reconnect();
    gateway.socket.reply('enter', {});
    await entered;
  });

  it('reports if it may not enter again', async () => {
    const errors: SluiceError[] = [];
    client.on('error', (error) => errors.push(error));
    void presence.enter(1);
    await turn();
    gateway.socket.reply('enter', {});
    await reconnect();
    gateway.socket.refuse('enter', 'permission_denied');
    expect(errors.map(({ name }) => name)).toEqual(['permission_denied']);
    await expect(presence.update(2)).rejects.toMatchObject({ name: 'not_member' });
  });
});

describe('a refusal', () => {
  it('of the presence subscription is reported, and ends listening', async () => {
    const { errors } = listen();
    await turn();
    gateway.socket.refuse('watch', 'permission_denied');
    expect(errors.map(({ name }) => name)).toEqual(['permission_denied']);
    await reconnect();
    expect(gateway.socket.sent('watch')).toHaveLength(0);
  });

  it('that is temporary is reported, and the subscription is retried', async () => {
    const { errors, seen } = listen();
    await turn();
    gateway.socket.refuse('watch', 'unavailable', { code: 4001, retryable: true });
    expect(errors[0]).toMatchObject({ name: 'unavailable', retryable: true });
    await pass(250);
    gateway.socket.reply('watch', { total: 1 });
    list(1, 'ada');
    expect(seen).toEqual(['+ada', '1', '[ada]']);
  });

  it('goes to the client if the listener has no error handler', async () => {
    const onError = vi.fn();
    client.on('error', onError);
    presence.subscribe(() => {});
    await turn();
    gateway.socket.refuse('watch', 'permission_denied');
    expect(onError).toHaveBeenCalledTimes(1);
  });

  it('after the start (unwatched) ends listening with a permission error', async () => {
    const { errors, seen } = listen();
    await watched();
    list(1, 'ada');
    gateway.socket.push({ type: 'unwatched', channel: 'a', reason: 'permission' });
    expect(errors).toEqual([expect.objectContaining({ name: 'permission_denied', code: 4306 })]);
    expect(errors[0]?.message).toMatch(/a: watch ended/);
    list(2, 'bob');
    expect([seen.length, presence.members.size]).toEqual([3, 0]);
    await reconnect();
    expect(gateway.socket.sent('watch')).toHaveLength(0);
    listen();
    await turn();
    expect(gateway.socket.sent('watch')).toHaveLength(1);
  });

  it('after the start (left) ends the membership with a permission error', async () => {
    const onError = vi.fn();
    client.on('error', onError);
    void presence.enter(1);
    await turn();
    gateway.socket.reply('enter', {});
    gateway.socket.push({ type: 'left', channel: 'a', reason: 'permission' });
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ name: 'permission_denied', code: 4306 }));
    await expect(presence.update(2)).rejects.toMatchObject({ name: 'not_member' });
    await reconnect();
    expect(gateway.socket.sent('enter')).toHaveLength(0);
  });

  it.each([
    ['is refused as well', false],
    ['is taken', true],
  ])('(left) with a pending update waits for its answer: it %s', async (_what, taken) => {
    const onError = vi.fn();
    client.on('error', onError);
    void presence.enter(1);
    await turn();
    gateway.socket.reply('enter', {});
    const updated = presence.update(2);
    await turn();
    gateway.socket.push({ type: 'left', channel: 'a', reason: 'permission' });
    if (taken) gateway.socket.reply('enter', {});
    else gateway.socket.refuse('enter', 'permission_denied');
    if (taken) await updated;
    else await expect(updated).rejects.toMatchObject({ name: 'permission_denied' });
    expect(onError).not.toHaveBeenCalled();
    await reconnect();
    expect(gateway.socket.sent('enter')).toHaveLength(taken ? 1 : 0);
  });
});

describe('pages of members', () => {
  it('are read with limit and after', async () => {
    const read = presence.page({ limit: 1, after: 7 });
    await turn();
    expect(gateway.socket.last('members')).toMatchObject({ channel: 'a', limit: 1, after: 7 });
    const page = { total: 3, members: [member('ada')], next: 8 };
    gateway.socket.reply('members', page);
    await expect(read).resolves.toEqual(page);
  });

  it('are cancelled by the signal, and reject with the error', async () => {
    const controller = new AbortController();
    const aborted = presence.page({ signal: controller.signal });
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    const refused = presence.page();
    await turn();
    gateway.socket.refuse('members', 'rate_limited', { code: 4311, retryable: true, retryAfter: 5 });
    await expect(refused).rejects.toMatchObject({ name: 'rate_limited', retryAfter: 5 });
  });
});

describe('a closed client', () => {
  it('ends everything and leaves nothing open', async () => {
    const { errors } = listen();
    const entered = presence.enter(1);
    await turn();
    client.close();
    await expect(entered).rejects.toMatchObject({ name: 'closed' });
    await turn();
    expect([errors, vi.getTimerCount()]).toEqual([[], 0]);
    await expect(presence.update(1)).rejects.toMatchObject({ name: 'not_member' });
  });

  it('rejects listening and entering', async () => {
    client.close();
    const { errors } = listen();
    expect(errors.map(({ name }) => name)).toEqual(['closed']);
    await expect(presence.enter(1)).rejects.toMatchObject({ name: 'closed' });
  });

  it('starts over when it is used after another connect()', async () => {
    const { stop } = listen();
    client.close();
    stop();
    void client.connect();
    await turn();
    await gateway.socket.accept();
    const { seen } = listen();
    await watched();
    list(1, 'ada');
    expect(seen).toEqual(['+ada', '1', '[ada]']);
  });

  it('connects automatically when presence is first used', async () => {
    const other = gateway.client();
    const stop = other.channel('a').presence.subscribe(() => {});
    await turn();
    expect(gateway.sockets).toHaveLength(2);
    stop();
    other.close();
  });
});
