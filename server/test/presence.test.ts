import type { Json, Member, PresencePush, ServerMessage } from '@sluice/protocol';
import { describe, expect, it, vi } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { EngineUnavailable } from '../src/engine/engine.ts';
import type { Events } from '../src/events.ts';
import { jsonWire } from '../src/protocols/native/json-wire.ts';
import { HeldCalls } from './support/held-calls.ts';
import { type TokenOptions, tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const SUBPROTOCOLS = ['sluice.v1.json', 'sluice.v1.msgpack'] as const;
const OPEN = { '*': 'users' } as const;
const CHANNELS: ConfigInput['channels'] = {
  'room:{id}': { allow: OPEN },
  'big:{id}': { allow: OPEN, presence: { state: '64KiB' } },
  'public:{id}': { allow: { '*': 'anyone' } },
  'closed:{id}': { allow: { subscribe: 'users' } },
};

const start = (config: ConfigInput = {}) => createWorld({ channels: CHANNELS, anonymous: true, ...config });

async function join(world: World, user: string, options: TokenOptions & { subprotocol?: string } = {}) {
  const token = await tokenFor(user, { clock: () => world.clock.now(), ...options });
  return world.connect(token, { protocols: [options.subprotocol ?? SUBPROTOCOLS[0]] });
}

/** Presence pushes of a channel. */
const pushes = ({ client }: LoopbackPeer, channel = 'room:a'): PresencePush[] =>
  client.received.filter(
    (received): received is PresencePush => received.type === 'presence' && received.channel === channel,
  );

const users = (push: PresencePush | undefined) =>
  push?.changes?.map((change) => ('left' in change ? `-${change.left}` : change.member.user));

/** Members of another node or of connections that the test ignores. */
function enter(world: World, user: string, options: { channel?: string; state?: Json } = {}): void {
  const { channel = 'room:a', ...rest } = options;
  void world.services.presence.enter({ channel, connection: `c-${user}`, user, ...rest });
}

function leave(world: World, user: string, channel = 'room:a'): void {
  void world.services.presence.leave({ channel, connection: `c-${user}`, user }, 0);
}

const nested = (depth: number): Json => (depth === 0 ? 1 : [nested(depth - 1)]);

describe.each(SUBPROTOCOLS)('presence over %s', (subprotocol) => {
  it('begins with the list, followed by changes', async () => {
    const world = await start();
    const ada = await join(world, 'ada', { subprotocol, claims: { info: { name: 'Ada' } } });
    const ben = await join(world, 'ben', { subprotocol });
    await ada.client.result({ type: 'enter', channel: 'room:a', state: { mood: 'ü' } });
    expect(await ben.client.result({ type: 'watch', channel: 'room:a' })).toEqual({ total: 1 });
    const list = await ben.client.push('presence');
    const member = {
      user: 'ada',
      info: { name: 'Ada' },
      state: { mood: 'ü' },
      connections: 1,
      since: world.clock.now(),
    };
    expect(list).toEqual({
      type: 'presence',
      channel: 'room:a',
      version: list.version,
      total: 1,
      reset: true,
      changes: [{ version: list.version, member }],
    });
    await ben.client.result({ type: 'enter', channel: 'room:a' });
    await ada.client.result({ type: 'leave', channel: 'room:a' });
    world.clock.advance(500);
    await world.idle();
    expect(pushes(ben).slice(1).map(users)).toEqual([['ben'], ['-ada']]);
    expect(pushes(ben).at(-1)).toMatchObject({ total: 1 });
  });

  it('delivers a state with the maximum depth', async () => {
    const world = await start();
    const ada = await join(world, 'ada', { subprotocol });
    await ada.client.result({ type: 'watch', channel: 'room:a' });
    await ada.client.result({ type: 'enter', channel: 'room:a', state: nested(64) });
    await world.idle();
    expect(pushes(ada).at(-1)?.changes).toMatchObject([{ member: { state: nested(64) } }]);
    expect(await ada.client.result({ type: 'members', channel: 'room:a' })).toMatchObject({
      members: [{ state: nested(64) }],
    });
  });
});

describe('a command of presence', () => {
  const send = async (peer: LoopbackPeer, command: Parameters<LoopbackPeer['client']['request']>[0]) => {
    const answer = await peer.client.request(command);
    return answer.type === 'error' ? `${answer.error.name}: ${answer.error.message}` : 'done';
  };

  it.each(['enter', 'watch', 'members'] as const)('is refused without permission: %s', async (type) => {
    const world = await start();
    const ada = await join(world, 'ada');
    const verb = type === 'enter' ? 'enter' : 'presence';
    expect(await send(ada, { type, channel: 'closed:a' })).toBe(
      `permission_denied: "${verb}" on "closed:a" is not allowed to user "ada": the rule "closed:{id}" allows it to nobody`,
    );
    expect(await send(ada, { type, channel: 'nowhere' })).toContain('channel_unknown');
  });

  it('lets anonymous connections watch but not enter', async () => {
    const world = await start();
    const peer = await world.connect(undefined);
    expect(await send(peer, { type: 'enter', channel: 'public:a' })).toContain('permission_denied: only users may');
    expect(await send(peer, { type: 'watch', channel: 'public:a' })).toBe('done');
    expect(await send(peer, { type: 'members', channel: 'public:a' })).toBe('done');
  });

  it.each<[Json, string]>([
    ['x'.repeat(1022), 'done'],
    ['x'.repeat(1023), 'payload_too_large: "state" has 1025 bytes as JSON; the gateway accepts at most 1024'],
    ['ü'.repeat(512), 'payload_too_large: "state" has 1026 bytes'],
    [nested(65), 'payload_invalid: state'],
    ['\ud800', 'payload_invalid: state: a string with a lone surrogate'],
  ])('takes a state only if all can read it (%#)', async (state, expected) => {
    const world = await start();
    const ada = await join(world, 'ada');
    expect(await send(ada, { type: 'enter', channel: 'room:a', state })).toContain(expected);
    expect((await ada.client.result<{ total: number }>({ type: 'members', channel: 'room:a' })).total).toBe(
      expected === 'done' ? 1 : 0,
    );
  });

  it.each<[Json, string]>([
    ['x'.repeat(1022), 'done'],
    ['x'.repeat(1023), 'payload_too_large: the claim "info" has 1025 bytes'],
    [nested(65), 'payload_invalid: the claim "info"'],
    ['\ud800', 'payload_invalid: the claim "info": a string with a lone surrogate'],
  ])('takes the claim "info" only if all can read it (%#)', async (info, expected) => {
    const world = await start();
    const ada = await join(world, 'ada', { claims: { info } });
    expect(await send(ada, { type: 'enter', channel: 'room:a' })).toContain(expected);
  });

  it('that ends something that never began is refused', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    expect(await send(ada, { type: 'leave', channel: 'room:a' })).toContain('not_member');
    expect(await send(ada, { type: 'unwatch', channel: 'room:a' })).toContain('not_subscribed');
    expect(await send(ada, { type: 'watch', channel: 'room:a' })).toBe('done');
    expect(await send(ada, { type: 'watch', channel: 'room:a' })).toContain('already_subscribed');
    expect(await send(ada, { type: 'enter', channel: 'room:a' })).toBe('done');
    expect(await send(ada, { type: 'enter', channel: 'room:a' })).toBe('done');
    expect(await send(ada, { type: 'leave', channel: 'room:a' })).toBe('done');
    expect(await send(ada, { type: 'leave', channel: 'room:a' })).toContain('not_member');
  });

  it('respects the limit of subscriptions', async () => {
    const world = await start({ limits: { subscriptions: 2 } });
    const ada = await join(world, 'ada');
    for (const type of ['enter', 'watch'] as const) {
      expect(await send(ada, { type, channel: 'room:a' })).toBe('done');
      expect(await send(ada, { type, channel: 'room:b' })).toBe('done');
      expect(await send(ada, { type, channel: 'room:c' })).toContain('too_many_subscriptions');
    }
    expect(await send(ada, { type: 'enter', channel: 'room:a', state: 1 })).toBe('done');
    await ada.client.result({ type: 'leave', channel: 'room:a' });
    expect(await send(ada, { type: 'enter', channel: 'room:c' })).toBe('done');
  });
});

describe('a member', () => {
  it('who reloads the page neither leaves nor joins', async () => {
    const world = await start();
    const ben = await join(world, 'ben');
    await ben.client.result({ type: 'watch', channel: 'room:a' });
    const before = await join(world, 'ada');
    await before.client.result({ type: 'enter', channel: 'room:a', state: 'here' });
    await world.idle();
    before.socket.cut();
    world.clock.advance(4_000);
    const after = await join(world, 'ada');
    await after.client.result({ type: 'enter', channel: 'room:a' });
    world.clock.advance(60_000);
    await world.idle();
    expect(pushes(ben).map(users)).toEqual([[], ['ada']]);
    expect(await ben.client.result({ type: 'members', channel: 'room:a' })).toMatchObject({
      members: [{ user: 'ada', state: 'here', connections: 1 }],
    });
  });

  it('who disconnects leaves after the grace period', async () => {
    const world = await start();
    const ben = await join(world, 'ben');
    await ben.client.result({ type: 'watch', channel: 'room:a' });
    const ada = await join(world, 'ada');
    await ada.client.result({ type: 'enter', channel: 'room:a' });
    await world.idle();
    ada.socket.cut();
    world.clock.advance(4_999);
    await world.idle();
    expect(pushes(ben).map(users)).toEqual([[], ['ada']]);
    world.clock.advance(1);
    await world.idle();
    expect(pushes(ben).map(users)).toEqual([[], ['ada'], ['-ada']]);
  });
});

describe('a new token', () => {
  const refresh = async (world: World, { client }: LoopbackPeer, caps: Record<string, readonly string[]>) =>
    client.result({ type: 'refresh', token: await tokenFor('ada', { caps, clock: () => world.clock.now() }) });

  it('without "enter" ends the memberships that it does not allow at once', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    const ben = await join(world, 'ben');
    await ben.client.result({ type: 'watch', channel: 'room:a' });
    for (const channel of ['room:a', 'room:b']) await ada.client.result({ type: 'enter', channel });
    await ada.client.result({ type: 'watch', channel: 'room:a' });
    await refresh(world, ada, { 'room:a': ['!enter'] });
    expect(await ada.client.push('left')).toMatchObject({
      channel: 'room:a',
      reason: 'permission',
      message: expect.stringContaining('"enter"'),
    });
    world.clock.advance(500);
    await world.idle();
    expect(users(pushes(ben).at(-1))).toEqual(['-ada']);
    expect(ada.client.received.filter(({ type }) => type === 'left' || type === 'unwatched')).toHaveLength(1);
    expect(await ada.client.request({ type: 'leave', channel: 'room:a' })).toMatchObject({
      error: { name: 'not_member' },
    });
    await ada.client.result({ type: 'leave', channel: 'room:b' });
  });

  it('without "presence" ends the presence subscriptions that it does not allow', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    for (const channel of ['room:a', 'room:b']) await ada.client.result({ type: 'watch', channel });
    await ada.client.result({ type: 'enter', channel: 'room:a' });
    await refresh(world, ada, { 'room:a': ['!presence'] });
    expect(await ada.client.push('unwatched')).toMatchObject({
      channel: 'room:a',
      reason: 'permission',
      message: expect.stringContaining('"presence"'),
    });
    world.clock.advance(500);
    await world.idle();
    const before = pushes(ada).length;
    enter(world, 'ben');
    enter(world, 'ben', { channel: 'room:b' });
    await world.idle();
    expect(pushes(ada)).toHaveLength(before);
    expect(users(pushes(ada, 'room:b').at(-1))).toEqual(['ben']);
    expect(world.services.presence.size).toBe(1);
    await ada.client.result({ type: 'leave', channel: 'room:a' });
  });
});

describe('the info of a member', () => {
  it('is not removed by a tab whose token has none', async () => {
    const world = await start();
    const first = await join(world, 'ada', { claims: { info: 'Ada' } });
    await first.client.result({ type: 'enter', channel: 'room:a' });
    const second = await join(world, 'ada');
    await second.client.result({ type: 'enter', channel: 'room:a', state: 'here' });
    const { members } = await second.client.result<{ members: Member[] }>({ type: 'members', channel: 'room:a' });
    expect(members).toMatchObject([{ info: 'Ada', state: 'here', connections: 2 }]);
  });
});

describe('the claim "info" of a new token', () => {
  const infoAfter = async (info: Json | undefined) => {
    const world = await start();
    const ada = await join(world, 'ada', { claims: { info: 'old' } });
    await ada.client.result({ type: 'enter', channel: 'room:a', state: 'here' });
    const claims = info === undefined ? {} : { info };
    const token = await tokenFor('ada', { claims, clock: () => world.clock.now() });
    await ada.client.result({ type: 'refresh', token });
    const { members } = await ada.client.result<{ members: Member[] }>({ type: 'members', channel: 'room:a' });
    return members.map((member) => [member.info, member.state, member.connections]);
  };

  it('replaces the shown info', async () => {
    expect(await infoAfter('new')).toEqual([['new', 'here', 1]]);
    expect(await infoAfter(undefined)).toEqual([[undefined, 'here', 1]]);
  });

  it('is ignored if it is too large', async () => {
    expect(await infoAfter('x'.repeat(2_000))).toEqual([['old', 'here', 1]]);
  });
});

describe('pages of members', () => {
  it('are in the order of arrival, and the last one has no "next"', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    for (let n = 0; n < 6; n++) enter(world, `user ${n}`);
    const pages: string[][] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: { total: number; members: Member[]; next?: number } = await ada.client.result({
        type: 'members',
        channel: 'room:a',
        limit: 3,
        after,
      });
      expect(page.total).toBe(6);
      pages.push(page.members.map(({ user }) => user));
      after = page.next;
    }
    expect(pages).toEqual([
      ['user 0', 'user 1', 'user 2'],
      ['user 3', 'user 4', 'user 5'],
    ]);
  });

  it('contain at least one member, however large', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    for (const user of ['ben', 'cy']) enter(world, user, { state: 'x'.repeat(300_000) });
    const page = await ada.client.result<{ members: Member[] }>({ type: 'members', channel: 'room:a' });
    expect(page.members.map(({ user }) => user)).toEqual(['ben']);
  });

  it('end before they exceed the size limit', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    for (let n = 0; n < 9; n++) enter(world, `user ${n}`, { channel: 'big:a', state: 'x'.repeat(60_000) });
    const page = await ada.client.result<{ members: Member[]; next: number }>({ type: 'members', channel: 'big:a' });
    expect(page.members).toHaveLength(4);
    const { members } = await ada.client.result<{ members: Member[] }>({
      type: 'members',
      channel: 'big:a',
      after: page.next,
    });
    expect(members[0]?.user).toBe('user 4');
  });

  it('are read no faster than the client receives them, however many it requests at once', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    for (let n = 0; n < 9; n++) enter(world, `user ${n}`, { channel: 'big:a', state: 'x'.repeat(60_000) });
    ada.socket.stall();
    const ids = ada.client.send(...Array.from({ length: 200 }, () => ({ type: 'members', channel: 'big:a' }) as const));
    await world.idle();
    expect(ada.socket.held).toBeLessThan(1_048_576);
    ada.socket.unstall();
    await ada.client.wait((message) => 'id' in message && message.id === ids.at(-1));
  });
});

describe('changes', () => {
  it('are collected: the first is sent at once, then one push per interval', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    await ada.client.result({ type: 'watch', channel: 'room:a' });
    await world.idle();
    for (let ms = 0; ms < 2_000; ms += 10) {
      enter(world, `user ${ms % 7}`, { state: ms });
      await world.idle();
      world.clock.advance(10);
    }
    const changes = pushes(ada).slice(1);
    expect(changes).toHaveLength(4);
    expect(changes.map((push) => push.changes?.length)).toEqual([1, 7, 7, 7]);
  });

  it('are sent in time even after the clock was set back', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    await ada.client.result({ type: 'watch', channel: 'room:a' });
    enter(world, 'ben');
    await world.idle();
    const now = vi.spyOn(world.clock, 'now').mockReturnValue(world.clock.now() - 3_600_000);
    enter(world, 'cy');
    world.clock.advance(500);
    await world.idle();
    now.mockRestore();
    expect(pushes(ada).map(users)).toEqual([[], ['ben'], ['cy']]);
  });

  it('contain only the name of a member who joined and left between two pushes', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    await ada.client.result({ type: 'watch', channel: 'room:a' });
    enter(world, 'ben', { state: 'x'.repeat(1000) });
    leave(world, 'ben');
    await world.idle();
    expect(pushes(ada)[1]).toMatchObject({ total: 0, changes: [{ left: 'ben' }] });
  });
});

describe('a list', () => {
  it('becomes a count above the threshold, and a list again well below it', async () => {
    const world = await start({ channels: { 'room:{id}': { allow: OPEN, presence: { listUpTo: 10 } } } });
    const ada = await join(world, 'ada');
    await ada.client.result({ type: 'watch', channel: 'room:a' });
    const seen: string[] = [];
    const step = async (change: () => void) => {
      const before = seen.length === 0 ? 0 : pushes(ada).length;
      change();
      world.clock.advance(500);
      await world.idle();
      for (const push of pushes(ada).slice(before)) {
        seen.push(
          push.changes === undefined ? `${push.total}` : push.reset === true ? `list of ${push.total}` : 'changes',
        );
      }
    };
    await step(() => {});
    for (let n = 0; n < 12; n++) await step(() => enter(world, `user ${n}`));
    for (let n = 0; n < 5; n++) await step(() => leave(world, `user ${n}`));
    expect(seen).toEqual([
      'list of 0',
      ...Array.from({ length: 10 }, () => 'changes'),
      '11',
      '12',
      '11',
      '10',
      '9',
      'list of 8',
      'changes',
    ]);
  });

  it('is also replaced by a count if few members are very large', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    for (let n = 0; n < 5; n++) enter(world, `user ${n}`, { channel: 'big:a', state: 'x'.repeat(60_000) });
    await ada.client.result({ type: 'watch', channel: 'big:a' });
    await world.idle();
    expect(pushes(ada, 'big:a')).toMatchObject([{ total: 5 }]);
    expect(pushes(ada, 'big:a')[0]).not.toHaveProperty('changes');
  });

  it('is replaced by a count even if the number of members stays the same', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    for (let n = 0; n < 5; n++) enter(world, `user ${n}`, { channel: 'big:a', state: 'x' });
    await ada.client.result({ type: 'watch', channel: 'big:a' });
    await world.idle();
    for (let n = 0; n < 5; n++) enter(world, `user ${n}`, { channel: 'big:a', state: 'x'.repeat(60_000) });
    world.clock.advance(500);
    await world.idle();
    expect(pushes(ada, 'big:a').map(({ changes }) => changes?.length)).toEqual([5, undefined]);
  });

  it('for many subscribers is encoded once', async () => {
    const world = await start({ limits: { connectionsPerUser: 0 } });
    for (let n = 0; n < 100; n++) enter(world, `user ${n}`);
    const peers = await Promise.all(Array.from({ length: 50 }, () => join(world, 'ada')));
    const encode = vi.spyOn(jsonWire, 'encode');
    for (const { client } of peers) client.send({ type: 'watch', channel: 'room:a' });
    await world.idle();
    const lists = encode.mock.calls.flat(2).filter((message: ServerMessage) => message.type === 'presence');
    encode.mockRestore();
    expect(lists).toHaveLength(1);
    expect(peers.every((peer) => pushes(peer)[0]?.changes?.length === 100)).toBe(true);
  });

  it('is sent over several turns if many clients watch at once, and reaches all', async () => {
    const world = await start({ limits: { connectionsPerUser: 0 } });
    for (let n = 0; n < 300; n++) enter(world, `user ${n}`);
    const peers = await Promise.all(Array.from({ length: 100 }, () => join(world, 'ada')));
    for (const { client } of peers) client.send({ type: 'watch', channel: 'room:a' });
    await world.until(() => peers.every((peer) => pushes(peer).at(-1)?.total === 300));
  });

  it('is sent even while a long replay fills the send buffer', async () => {
    const world = await start({
      channels: { ...CHANNELS, log: { allow: OPEN, history: { count: 5_000 } } },
      limits: { operations: 0, bytes: 0 },
    });
    const ada = await join(world, 'ada');
    const ben = await join(world, 'ben');
    for (let n = 0; n < 2_000; n++) ben.client.send({ type: 'publish', channel: 'log', data: 'x'.repeat(1_000) });
    await world.idle();
    enter(world, 'ben');
    ada.socket.stall();
    ada.client.send({ type: 'subscribe', channel: 'log', rewind: 5_000 });
    await world.idle();
    ada.client.send({ type: 'watch', channel: 'room:a' });
    let read = 0;
    while (pushes(ada).length === 0) {
      ada.socket.read(10_000);
      read += 10_000;
      await world.idle();
      if (read > 2_000_000) throw new Error('the replay ended before the list arrived');
    }
    expect(read).toBeLessThan(200_000);
  });
});

describe('in a channel of ten thousand', () => {
  const ROUNDS = 40;
  const STEP = 50;

  /** Bytes per second for each of two subscribers, one per codec, while `churn` runs every 50 ms. */
  async function measure(
    world: World,
    churn: (round: number) => void,
  ): Promise<{ perSecond: number; pushCount: number }[]> {
    const peers = await Promise.all(SUBPROTOCOLS.map((subprotocol) => join(world, 'ada', { subprotocol })));
    for (const { client } of peers) await client.result({ type: 'watch', channel: 'room:a' });
    await world.idle();
    const counts = peers.map((peer) => {
      const count = { bytes: 0, before: pushes(peer).length };
      const { onFrame } = peer.socket;
      peer.socket.onFrame = (frame) => {
        count.bytes += Buffer.byteLength(frame);
        onFrame?.(frame);
      };
      return count;
    });
    for (let round = 0; round < ROUNDS; round++) {
      churn(round);
      await world.idle();
      world.clock.advance(STEP);
    }
    const seconds = (ROUNDS * STEP) / 1_000;
    return peers.map((peer, at) => ({
      perSecond: (counts[at]?.bytes ?? 0) / seconds,
      pushCount: pushes(peer).length - (counts[at]?.before ?? 0),
    }));
  }

  it('a subscriber receives a count twice a second, however many members join, leave and change', async () => {
    const world = await start();
    for (let n = 0; n < 10_000; n++) enter(world, `user ${n}`);
    const measured = await measure(world, (round) => {
      for (let n = 0; n < 250; n++) leave(world, `user ${round * 250 + n}`);
      for (let n = 0; n < 240; n++)
        enter(world, `guest ${round * 240 + n}`, { state: { round, text: 'x'.repeat(500) } });
    });
    for (const { perSecond, pushCount } of measured) {
      expect(pushCount).toBeLessThanOrEqual(4);
      expect(pushCount).toBeGreaterThanOrEqual(3);
      expect(perSecond).toBeLessThan(2 * 120);
    }
  });

  it('a subscriber receives nothing if only states change', async () => {
    const world = await start();
    for (let n = 0; n < 10_000; n++) enter(world, `user ${n}`);
    const measured = await measure(world, (round) => {
      for (let n = 0; n < 500; n++) enter(world, `user ${n}`, { state: round });
    });
    expect(measured.map(({ pushCount }) => pushCount)).toEqual([0, 0]);
  });

  it('of whom few stay at a time, a subscriber never receives more than the list twice a second', async () => {
    const world = await start();
    for (let n = 0; n < 400; n++) enter(world, `user ${n}`);
    const list = Buffer.byteLength(JSON.stringify(await world.services.presence.list('room:a', 0, 1_000)));
    const measured = await measure(world, (round) => {
      for (let n = 0; n < 2_000; n++) {
        enter(world, `passer-by ${round}-${n}`);
        leave(world, `passer-by ${round}-${n}`);
      }
      enter(world, 'user 0', { state: round });
    });
    for (const { perSecond } of measured) {
      expect(perSecond).toBeGreaterThan(0);
      expect(perSecond).toBeLessThan(2.5 * list);
    }
  });
});

describe('a store that fails while members are announced', () => {
  const fail = async (method: 'roster' | 'list', before: (world: World) => void = () => {}) => {
    const world = await start();
    const ada = await join(world, 'ada');
    await ada.client.result({ type: 'watch', channel: 'room:a' });
    await world.idle();
    world.clock.advance(60_000);
    before(world);
    const faults: Events['fault'][] = [];
    world.services.events.on('fault', (fault) => faults.push(fault));
    const calls = new HeldCalls().hold(world.assembly.engine.presence, method);
    enter(world, 'ben');
    await world.until(() => calls.waiting.length > 0);
    calls.take().refuse(new EngineUnavailable('away'));
    await world.idle();
    expect(faults).toHaveLength(1);
    calls.release();
    const received = pushes(ada).length;
    world.clock.advance(999);
    await world.idle();
    expect(pushes(ada)).toHaveLength(received);
    world.clock.advance(1);
    await world.idle();
    expect(users(pushes(ada).at(-1))).toContain('ben');
    enter(world, 'cy');
    world.clock.advance(1_000);
    await world.idle();
    expect(users(pushes(ada).at(-1))).toEqual(['cy']);
  };

  it('is asked again a second later, and subscribers are updated', () => fail('roster'));

  it('is asked again for the list if a list is due', () =>
    fail('list', (world) => {
      for (let n = 0; n < 1_100; n++) {
        enter(world, `passer-by ${n}`);
        leave(world, `passer-by ${n}`);
      }
    }));

  it('delivers the list to a waiting subscriber later', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    enter(world, 'ben');
    const calls = new HeldCalls().hold(world.assembly.engine.presence, 'list');
    await ada.client.result({ type: 'watch', channel: 'room:a' });
    await world.until(() => calls.waiting.length > 0);
    calls.take().refuse(new EngineUnavailable('away'));
    await world.idle();
    calls.release();
    world.clock.advance(1_000);
    await world.idle();
    expect(users(pushes(ada).at(-1))).toEqual(['ben']);
  });
});

describe('a store that tracks watched channels', () => {
  it('is notified once per channel, and again when its last subscriber ends', async () => {
    const world = await start();
    const [ada, ben] = [await join(world, 'ada'), await join(world, 'ben')];
    const calls: string[] = [];
    Object.assign(world.assembly.engine.presence, {
      watch: (channel: string) => calls.push(`watch ${channel}`),
      unwatch: (channel: string) => calls.push(`unwatch ${channel}`),
    });
    for (const { client } of [ada, ben]) await client.result({ type: 'watch', channel: 'room:a' });
    await ada.client.result({ type: 'watch', channel: 'room:b' });
    expect(calls).toEqual(['watch room:a', 'watch room:b']);
    await ada.client.result({ type: 'unwatch', channel: 'room:a' });
    expect(calls).toHaveLength(2);
    ben.socket.cut();
    ada.socket.cut();
    expect(calls.slice(2)).toEqual(['unwatch room:a', 'unwatch room:b']);
  });
});

describe('after everything has ended', () => {
  it('no channel, member or timer is left', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    const ben = await join(world, 'ben');
    for (const channel of ['room:a', 'room:b']) {
      await ada.client.result({ type: 'watch', channel });
      await ada.client.result({ type: 'enter', channel });
      await ben.client.result({ type: 'enter', channel });
    }
    await world.idle();
    enter(world, 'cy');
    const before = world.clock.running;
    ada.socket.cut();
    expect(world.services.presence.size).toBe(0);
    // The timers of the token and of two channels have ended; those of two memberships have begun.
    expect(world.clock.running).toBe(before - 1);
    leave(world, 'cy');
    ben.socket.cut();
    await world.gateway.close();
    expect(world.clock.running).toBe(0);
  });

  it('a subscriber that unwatches in the same frame receives nothing', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    enter(world, 'ben');
    const [, last] = ada.client.send({ type: 'watch', channel: 'room:a' }, { type: 'unwatch', channel: 'room:a' });
    await ada.client.wait((message) => 'id' in message && message.id === last);
    enter(world, 'cy');
    world.clock.advance(500);
    await world.idle();
    expect(pushes(ada)).toEqual([]);
    expect(world.services.presence.size).toBe(0);
  });
});
