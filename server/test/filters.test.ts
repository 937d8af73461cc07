import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Filter, ServerMessage } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { EventReader } from './support/event-reader.ts';
import { HeldCalls } from './support/held-calls.ts';
import type { ProtocolClient } from './support/protocol-client.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const OPEN = { '*': 'users' } as const;
const CHANNELS: ConfigInput['channels'] = {
  prices: { allow: OPEN, history: { count: 10_000 } },
  passing: { allow: OPEN },
  tickets: { allow: OPEN, history: true, only: { tags: { team: 'claim:teams' } } },
  inbox: { allow: OPEN, history: true, only: { from: ['system', 'claim:friends'] } },
};

const start = (config: ConfigInput = {}) => createWorld({ channels: CHANNELS, ...config });

const tokenWith = (world: World, claims: Record<string, unknown> = {}) =>
  tokenFor('ada', { claims, clock: () => world.clock.now() });

async function join(world: World, claims?: Record<string, unknown>): Promise<ProtocolClient> {
  return (await world.connect(await tokenWith(world, claims))).client;
}

/** Publishes one message for each text, with it as the tag. */
async function publish(world: World, channel: string, tag: string, values: readonly string[]): Promise<void> {
  for (const value of values) await world.gateway.publish(channel, value, { tags: { [tag]: value } });
  await world.idle();
}

const subscribe = (channel: string, filter?: Filter, rest: object = {}) =>
  ({ type: 'subscribe', channel, ...(filter === undefined ? {} : { filter }), ...rest }) as const;

/** What a client received, in short: `2>5,7` for messages after 2, `2>9` for progress. */
const summary = ({ received }: { received: readonly ServerMessage[] }): string[] =>
  received.flatMap((push) => {
    if (push.type === 'messages') return [`${push.after}>${push.messages.map(({ offset }) => offset).join()}`];
    if (push.type === 'progress') return [`progress ${push.after}>${push.offset}`];
    if (push.type === 'gap') return [`gap ${push.from.offset}>${push.to.offset}`];
    return push.type === 'live' || push.type === 'replaying' || push.type === 'unsubscribed' ? [push.type] : [];
  });

const symbol = (value: string | readonly string[]): Filter => ({ tags: { symbol: value } });

describe('a subscription with a filter', () => {
  it.each(['sluice.v1.json', 'sluice.v1.msgpack'])(
    'receives what matches, single or joined, on %s',
    async (protocol) => {
      const world = await start();
      const { client } = await world.connect(await tokenWith(world), { protocols: [protocol] });
      await client.result(subscribe('prices', symbol('A')));
      await client.result(subscribe('prices', symbol(['A', 'B']), { sub: 1 }));
      for (const value of ['A', 'B', 'C', 'A']) await publish(world, 'prices', 'symbol', [value]);
      await Promise.all(
        ['B', 'A', 'C'].map((value) => world.gateway.publish('prices', value, { tags: { symbol: value } })),
      );
      await world.idle();
      const pushesOf = (sub: number | undefined) =>
        summary({ received: client.received.filter((push) => (push as { sub?: number }).sub === sub) });
      expect(pushesOf(undefined)).toEqual(['0>1', '1>4', '4>6']);
      expect(pushesOf(1)).toEqual(['0>1', '1>2', '2>4', '4>5,6']);
    },
  );

  it('hears of the head once a second while nothing matches, and not when it has it', async () => {
    const world = await start();
    const client = await join(world);
    await client.result(subscribe('prices', symbol('A')));
    await publish(world, 'prices', 'symbol', ['B', 'B']);
    world.clock.advance(999);
    await world.idle();
    expect(summary(client)).toEqual([]);
    await publish(world, 'prices', 'symbol', ['B']);
    world.clock.advance(1);
    await world.idle();
    expect(summary(client)).toEqual(['progress 0>3']);
    world.clock.advance(5_000);
    await world.idle();
    await publish(world, 'prices', 'symbol', ['B', 'A']);
    world.clock.advance(5_000);
    await world.idle();
    expect(summary(client)).toEqual(['progress 0>3', '0>5']);
  });

  it('costs no timer when it has ended', async () => {
    const world = await start();
    const idle = world.clock.running;
    const client = await join(world);
    const open = world.clock.running;
    await client.result(subscribe('prices', symbol('A')));
    await publish(world, 'prices', 'symbol', ['B']);
    expect(world.clock.running).toBe(open + 1);
    await client.result({ type: 'unsubscribe', channel: 'prices' });
    expect(world.clock.running).toBe(open);
    expect([world.services.hub.filters, idle < open]).toEqual([0, true]);
  });

  it('replays what matches, and says how far it has come', async () => {
    const world = await start();
    await publish(world, 'prices', 'symbol', ['A', ...Array.from({ length: 9_000 }, () => 'B'), 'A', 'B']);
    const client = await join(world);
    await client.result(subscribe('prices', symbol('A'), { rewind: 9_003 }));
    while (summary(client).at(-1) !== 'live') {
      world.clock.advance(700);
      await nextTurn();
    }
    const pushes = summary(client);
    const progress = pushes.filter((push) => push.startsWith('progress'));
    expect(pushes.filter((push) => !progress.includes(push))).toEqual(['0>1', expect.stringMatching(/>9002$/), 'live']);
    expect([progress.length, progress.at(-1)]).toEqual([2, 'progress 9002>9003']);
  });

  it('continues without a gap after its connection was too slow, from the place that its client has', async () => {
    const world = await start();
    const { client, socket } = await world.connect(await tokenWith(world));
    await client.result(subscribe('prices', symbol('A')));
    await publish(world, 'prices', 'symbol', ['A', 'B']);
    socket.stall();
    const fill = 'x'.repeat(60_000);
    for (let n = 3; n <= 42; n++) {
      await world.gateway.publish('prices', fill, { tags: { symbol: n % 2 === 1 ? 'A' : 'B' } });
      await world.idle();
    }
    socket.unstall();
    await world.idle();
    const offsets = client.received.flatMap((push) =>
      push.type === 'messages' ? push.messages.map(({ offset }) => offset) : [],
    );
    expect(new Set(offsets)).toEqual(new Set(Array.from({ length: 21 }, (_, n) => 2 * n + 1)));
    expect(summary(client).slice(-2)).toEqual(['progress 41>42', 'live']);
  });

  it('on a channel without history has no gap if its connection is slow elsewhere', async () => {
    const world = await start();
    const { client, socket } = await world.connect(await tokenWith(world));
    await client.result(subscribe('passing', symbol('A')));
    await client.result(subscribe('prices'));
    await publish(world, 'passing', 'symbol', ['B', 'B']);
    socket.stall();
    for (let n = 0; n < 20; n++) {
      await world.gateway.publish('prices', 'x'.repeat(60_000));
      await world.idle();
    }
    socket.unstall();
    await world.idle();
    const own = client.received.filter((push) => 'channel' in push && push.channel === 'passing');
    expect(summary({ received: own })).toEqual(['replaying', 'progress 0>2', 'live']);
  });

  it('is refused if the channel has too many distinct filters, however they are written', async () => {
    const world = await start({ limits: { filters: 2 } });
    const client = await join(world);
    await client.result(subscribe('prices', symbol(['A', 'B'])));
    await client.result(subscribe('prices', symbol('B'), { sub: 1 }));
    await client.result(subscribe('prices', symbol(['B', 'A', 'A']), { sub: 2 }));
    expect(world.services.hub.filters).toBe(2);
    expect(await client.request(subscribe('prices', symbol('C'), { sub: 3 }))).toMatchObject({
      error: { name: 'too_many_filters', message: 'the subscriptions of "prices" have 2 distinct filters' },
    });
    await client.result({ type: 'unsubscribe', channel: 'prices', sub: 1 });
    await client.result(subscribe('prices', symbol('C'), { sub: 3 }));
    await client.result(subscribe('prices', undefined, { sub: 4 }));
  });

  it('is refused if too many filters would be compared with every message', async () => {
    const world = await start({ limits: { filters: 20 } });
    const client = await join(world);
    for (const [at, channel] of ['a:*', 'b:*'].entries()) {
      await client.result(subscribe('prices', { channel }, { sub: at + 1 }));
    }
    expect(await client.request(subscribe('prices', { channel: 'c:*' }, { sub: 3 }))).toMatchObject({
      error: { name: 'too_many_filters', message: expect.stringContaining('2 distinct filters that require neither') },
    });
  });

  it.each<[Filter, string]>([
    [{ tags: { price: { gt: [] as never } } }, '"filter.tags.price.gt" is not comparable. Use a number or a string'],
    [{ colour: 'red' } as never, '"filter.colour" is not a field of a filter. Use event, from, channel, tags'],
  ])('is refused with the place if the filter is %j', async (filter, message) => {
    const client = await join(await start());
    for (const command of [subscribe('prices', filter), { type: 'history', channel: 'prices', filter } as const]) {
      expect(await client.request(command)).toMatchObject({ error: { name: 'filter_invalid', message } });
    }
  });
});

describe('a page of history with a filter', () => {
  it('leads on to the next, in both directions, until everything was read', async () => {
    const world = await start();
    const client = await join(world);
    const values = Array.from({ length: 6_000 }, (_, n) => (n % 1_500 === 7 ? 'A' : 'B'));
    await publish(world, 'prices', 'symbol', values);
    const expected = values.flatMap((value, n) => (value === 'A' ? [n + 1] : []));
    const read = async (place: object) => {
      world.clock.advance(60_000);
      const filter = symbol('A');
      return client.result<{ messages: { offset: number }[]; covers: { from: number; to: number }; first: number }>({
        ...{ type: 'history', channel: 'prices', limit: 2, filter },
        ...place,
      } as never);
    };
    const onwards: number[] = [];
    for (let after = 0; after < 6_000; ) {
      const { messages, covers } = await read({ after });
      onwards.push(...messages.map(({ offset }) => offset));
      expect(covers.from).toBe(after + 1);
      expect(covers.to - covers.from).toBeLessThan(2_048);
      after = covers.to;
    }
    expect(onwards).toEqual(expected);
    const back: number[] = [];
    for (let before = 6_001; before > 1; ) {
      const { messages, covers } = await read({ before });
      back.unshift(...messages.map(({ offset }) => offset));
      before = covers.from;
    }
    expect(back).toEqual(expected);
  });
});

describe('a rule with `only`', () => {
  const offsetsOf = (client: ProtocolClient) =>
    client.received.flatMap((push) => (push.type === 'messages' ? push.messages.map(({ data }) => data) : []));

  it('applies to live messages, replay and history, beside the filter of the client', async () => {
    const world = await start();
    await publish(world, 'tickets', 'team', ['red', 'blue', 'green']);
    const client = await join(world, { teams: ['red', 'blue', 7] });
    await client.result(subscribe('tickets', undefined, { rewind: 10 }));
    await world.idle();
    await publish(world, 'tickets', 'team', ['blue', 'green', '7']);
    expect(offsetsOf(client)).toEqual(['red', 'blue', 'blue', '7']);
    const page = await client.result<{ messages: { data: string }[] }>({ type: 'history', channel: 'tickets' });
    expect(page.messages.map(({ data }) => data)).toEqual(['red', 'blue', 'blue', '7']);
    const filtered = { type: 'history', channel: 'tickets', filter: { tags: { team: ['blue', 'green'] } } } as const;
    const both = await client.result<{ messages: { data: string }[] }>(filtered);
    expect(both.messages.map(({ data }) => data)).toEqual(['blue', 'blue']);
  });

  it('refuses a token without the claim, and does not apply to values that everybody has', async () => {
    const world = await start();
    const client = await join(world, {});
    const message =
      'the rule "tickets" delivers only messages whose tag "team" is in the token\'s claim "teams", and the token has no such claim';
    for (const command of [subscribe('tickets'), { type: 'history', channel: 'tickets' } as const]) {
      expect(await client.request(command)).toMatchObject({ error: { name: 'permission_denied', message } });
    }
    await client.result(subscribe('inbox'));
    expect(world.services.hub.filters).toBe(1);
  });

  it('is evaluated anew with a new token: for what was live, and for what comes', async () => {
    const world = await start();
    const client = await join(world, { teams: 'red' });
    await client.result(subscribe('tickets'));
    await publish(world, 'tickets', 'team', ['red', 'blue']);
    await client.result({ type: 'refresh', token: await tokenWith(world, { teams: ['blue'] }) });
    await world.idle();
    await publish(world, 'tickets', 'team', ['red', 'blue']);
    expect(offsetsOf(client)).toEqual(['red', 'blue', 'blue']); // the first fan-out was in doubt
    expect(summary(client)).toEqual(['0>1', 'replaying', '0>2', 'live', '2>4']);
    await client.result({ type: 'refresh', token: await tokenWith(world, {}) });
    await world.idle();
    expect(summary(client).at(-1)).toBe('unsubscribed');
    expect(world.services.hub.filters).toBe(0);
  });

  it('ends a subscription whose new filter would be one too many', async () => {
    const world = await start({ limits: { filters: 1 } });
    const [ada, other] = [await join(world, { teams: 'red' }), await join(world, { teams: 'red' })];
    for (const client of [ada, other]) await client.result(subscribe('tickets'));
    await ada.result({ type: 'refresh', token: await tokenWith(world, { teams: 'blue' }) });
    await world.idle();
    expect([summary(ada), summary(other)]).toEqual([['unsubscribed'], []]);
    expect(world.services.hub.filters).toBe(1);
  });

  it('applies from the moment when the rules are replaced', async () => {
    const world = await start({ channels: { tickets: { allow: OPEN, history: true } } });
    const client = await join(world, { teams: 'red' });
    await client.result(subscribe('tickets'));
    await publish(world, 'tickets', 'team', ['blue']);
    const { assembly } = await start();
    await world.gateway.reload({ ...world.assembly.config, channels: assembly.config.channels });
    await publish(world, 'tickets', 'team', ['blue', 'red']);
    expect(offsetsOf(client)).toEqual(['blue', 'red']);
    await world.gateway.reload(world.assembly.config);
    await publish(world, 'tickets', 'team', ['green']);
    expect(offsetsOf(client)).toEqual(['blue', 'red', 'green']);
  });

  it('applies to event streams, whose ids pass what does not match', async () => {
    const world = await start();
    const headers = { authorization: `Bearer ${await tokenWith(world, { teams: 'red' })}` };
    const query = `channel=tickets&filter=${encodeURIComponent('{"event":"moved"}')}`;
    const stream = await world.transport.stream({ path: '/sse', query, headers });
    const reader = new EventReader();
    const read = async () => {
      await world.idle();
      return reader.read(stream.take()).filter(({ event }) => event === 'message');
    };
    await read();
    const send = (team: string, event: string) => world.gateway.publish('tickets', team, { event, tags: { team } });
    await send('red', 'moved');
    expect((await read()).map(({ data }) => data.offset)).toEqual([1]);
    await send('blue', 'moved');
    await send('red', 'closed');
    await read();
    const before = reader.lastEventId;
    world.clock.advance(1_000);
    expect(await read()).toEqual([]);
    expect(reader.lastEventId).not.toBe(before);
  });

  it.each([
    ['{"event":', 400, 'filter_invalid'],
    ['{"evnt":"a"}', 400, 'filter_invalid'],
  ])('refuses the filter %s of an event stream', async (filter, status, name) => {
    const world = await start();
    const headers = { authorization: `Bearer ${await tokenWith(world)}` };
    const { reply } = await world.transport.stream({
      ...{ path: '/sse', headers },
      query: `channel=prices&filter=${encodeURIComponent(filter)}`,
    });
    expect([reply.status, JSON.parse(String(reply.body)).error.name]).toEqual([status, name]);
  });

  it.each(['subscribe', 'history'] as const)(
    'holds for a token that is replaced while the engine answers a %s',
    async (type) => {
      const world = await start();
      await publish(world, 'tickets', 'team', ['red', 'blue']);
      const client = await join(world, { teams: 'red' });
      const held = new HeldCalls().hold(world.assembly.engine.log, 'read');
      const answer = client.result<{ messages: { data: string }[] }>(
        type === 'history' ? { type, channel: 'tickets' } : subscribe('tickets', undefined, { rewind: 2 }),
      );
      await world.idle();
      await client.result({ type: 'refresh', token: await tokenWith(world, { teams: 'blue' }) });
      held.release();
      const page = await answer;
      await world.idle();
      const received = type === 'history' ? page.messages.map(({ data }) => data) : offsetsOf(client);
      expect(received).toEqual(['blue']);
    },
  );
});
