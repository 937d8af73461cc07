import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../src/api.ts';
import type { Member } from '../../src/index.ts';
import { presenceStore } from '../../src/stores/index.ts';
import { connectedClient, restoreGlobals } from '../support/connected-client.ts';
import { type FakeGateway, pass, turn } from '../support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(async () => {
  ({ gateway, client } = await connectedClient());
});
afterEach(restoreGlobals);

const store = () => presenceStore<string>(client, 'a');

/** Answers the watch with these users as the list. */
async function answerWatch(...users: string[]): Promise<void> {
  await turn();
  gateway.socket.reply('watch', { total: users.length });
  const changes = users.map((user) => ({ version: 1, member: { user, connections: 1, since: 0 } }));
  gateway.socket.push({ type: 'presence', channel: 'a', version: 1, total: users.length, reset: true, changes });
  await turn();
}

describe('the members of a channel', () => {
  it('are empty, and nothing is opened, until the first subscription', async () => {
    expect(store().getSnapshot()).toBe(store().getServerSnapshot());
    expect(store().getSnapshot()).toMatchObject({ members: [], total: 0, ready: false });
    presenceStore(client, null).subscribe(() => {});
    await turn();
    expect(gateway.socket.sent('watch')).toEqual([]);
  });

  it('are one list for all uses', async () => {
    const onChange = vi.fn();
    for (let n = 0; n < 200; n++) store().subscribe(onChange);
    await answerWatch('ada', 'bob');
    expect(gateway.socket.sent('watch')).toHaveLength(1);
    expect(store().getSnapshot()).toMatchObject({ total: 2, ready: true, counting: false, error: undefined });
    expect(
      store()
        .getSnapshot()
        .members.map(({ user }) => user),
    ).toEqual(['ada', 'bob']);
    expect(store().getSnapshot()).toBe(store().getSnapshot());
    expect(onChange).toHaveBeenCalledTimes(200);
  });

  it('are unknown after the permission is removed', async () => {
    store().subscribe(() => {});
    await answerWatch('ada');
    expect(store().getSnapshot().ready).toBe(true);
    gateway.socket.push({ type: 'unwatched', channel: 'a', reason: 'permission' });
    await turn();
    expect(store().getSnapshot()).toMatchObject({ ready: false, error: { name: 'permission_denied' } });
  });

  it('are not subscribed to after the last use', async () => {
    const stop = store().subscribe(() => {});
    await answerWatch('ada');
    stop();
    store().subscribe(() => {})();
    expect(store().getSnapshot().total).toBe(1);
    await pass(10);
    expect(gateway.socket.sent('unwatch')).toHaveLength(1);
    expect(store().getSnapshot().total).toBe(0);
  });

  it('are reported individually to handlers, once per handler', async () => {
    const events: string[] = [];
    const handlers = {
      onJoin: ({ user }: Member) => events.push(`${user} came`),
      onUpdate: ({ user, state }: Member) => events.push(`${user} ${state}`),
      onLeave: ({ user }: Member) => events.push(`${user} went`),
    };
    for (let n = 0; n < 2; n++) store().subscribe(() => {}, handlers);
    await answerWatch('ada', 'bob');
    const bob = { user: 'bob', connections: 1, since: 0 };
    const changes = [
      { version: 2, member: { ...bob, state: 'writes' } },
      { version: 3, left: 'ada' },
    ];
    gateway.socket.push({ type: 'presence', channel: 'a', version: 3, total: 1, changes });
    expect(events).toEqual(['ada came', 'bob came', 'ada went', 'bob writes']);
  });

  it('can be forbidden', async () => {
    store().subscribe(() => {});
    await turn();
    gateway.socket.refuse('watch', 'permission_denied');
    expect(store().getSnapshot()).toMatchObject({ ready: false, error: { name: 'permission_denied' } });
  });
});

describe('staying', () => {
  it('enters once for all callers, and leaves after the last', async () => {
    const [first, second] = [store().stay('here'), store().stay('here')];
    await turn();
    gateway.socket.reply('enter', {});
    await turn();
    first();
    await pass(10);
    expect(gateway.socket.sent('leave')).toEqual([]);
    second();
    await pass(10);
    expect(gateway.socket.sent('leave')).toHaveLength(1);
  });

  it('changes the state without leaving, like an effect that runs again', async () => {
    const first = store().stay('here');
    await turn();
    gateway.socket.reply('enter', {});
    first();
    store().stay('away');
    await pass(10);
    expect(gateway.socket.sent('enter').map(({ state }) => state)).toEqual(['here', 'away']);
    expect(gateway.socket.sent('leave')).toEqual([]);
  });

  it('reports a refusal to the store', async () => {
    store().subscribe(() => {});
    await answerWatch('bob');
    store().stay('here');
    await turn();
    gateway.socket.refuse('enter', 'permission_denied');
    await turn();
    expect(store().getSnapshot()).toMatchObject({ total: 1, error: { name: 'permission_denied' } });
  });
});

it('subscribes and enters again when a closed client reconnects', async () => {
  store().subscribe(() => {});
  store().stay('here');
  await answerWatch('ada');
  gateway.socket.reply('enter', {});
  client.close();
  expect(store().getSnapshot()).toMatchObject({ members: [], ready: false });
  void client.connect();
  await turn();
  await gateway.socket.accept();
  expect(gateway.socket.last('enter')).toMatchObject({ state: 'here' });
  await answerWatch('ada', 'bob');
  expect(store().getSnapshot()).toMatchObject({ total: 2, ready: true, error: undefined });
});
