import type { GapPush, Message, ServerMessage } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../src/auth/identity.ts';
import type { Follower } from './support/follower.ts';
import { type ChannelName, Model } from './support/model.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const SUBPROTOCOLS = ['sluice.v1.json', 'sluice.v1.msgpack'] as const;
const OPEN = { '*': 'users' } as const;
const OUTBOUND = 1_048_576;
const CHANNELS = {
  'price:{id}': { allow: OPEN, slow: 'latest', latestBy: 'tag:symbol' },
  'kept:{id}': { allow: OPEN, slow: 'latest', latestBy: 'tag:symbol', history: true },
  'typing:{id}': { allow: OPEN, slow: 'latest', latestBy: 'from' },
  'score:{id}': { allow: OPEN, slow: 'latest' },
  'lossy:{id}': { allow: OPEN, slow: 'drop' },
  'whole:{id}': { allow: OPEN, history: { count: 10_000 } },
} as const;

async function join(world: World, user: string, subprotocol: string = SUBPROTOCOLS[0]): Promise<LoopbackPeer> {
  return world.connect(await tokenFor(user, { clock: () => world.clock.now() }), { protocols: [subprotocol] });
}

const start = () => createWorld({ channels: CHANNELS });

const FILL = 'x'.repeat(10_000);

/** Publishes until a connection that does not read is behind, then publishes the given messages. */
async function publish(world: World, channel: string, drafts: readonly { symbol?: string; user?: string }[]) {
  const { door } = world.services;
  const send = (user: string, data: string, symbol?: string) =>
    door.publish({
      channel,
      draft: { data, ...(symbol === undefined ? undefined : { tags: { symbol } }) },
      by: { ...PROGRAM, user },
      allowance: null,
    });
  for (let at = 0; at < 120; at++) {
    void send('filler', FILL, 'filler');
    await world.idle();
  }
  for (const [at, { symbol, user = 'ada' }] of drafts.entries()) void send(user, `${at}`, symbol);
  await world.idle();
}

/** The pushes of a channel, in short. */
const summary = ({ client }: LoopbackPeer, channel: string) =>
  client.received.flatMap((received: ServerMessage) => {
    if (!('channel' in received) || received.channel !== channel) return [];
    if (received.type === 'messages') return received.messages.map(({ data }) => (data === FILL ? 'fill' : `${data}`));
    if (received.type === 'gap') return [`gap of ${received.reason} with ${received.latest?.map(show).join()}`];
    return [received.type];
  });

const show = ({ data, tags, from }: Message) => `${tags?.symbol ?? from}=${data === FILL ? 'fill' : data}`;

const PRICES = [{ symbol: 'a' }, { symbol: 'b' }, { symbol: 'a' }, {}, { symbol: 'c' }, { symbol: 'b' }];

describe.each(SUBPROTOCOLS)('a slow reader under "latest" over %s', (subprotocol) => {
  it.each(['price:x', 'kept:x'])('receives the newest message of each tag, then continues: %s', async (channel) => {
    const world = await start();
    const ada = await join(world, 'ada', subprotocol);
    await ada.client.result({ type: 'subscribe', channel });
    ada.socket.stall();
    await publish(world, channel, PRICES);
    ada.socket.unstall();
    await ada.client.push('live', channel);
    await publish(world, channel, [{ symbol: 'a' }]);
    const pushes = summary(ada, channel);
    const [at] = [pushes.indexOf('replaying')];
    expect(pushes.slice(0, at).every((one) => one === 'fill')).toBe(true);
    expect(pushes.slice(at, at + 3)).toEqual([
      'replaying',
      'gap of slow_reader with filler=fill,a=2,ada=3,c=4,b=5',
      'live',
    ]);
    expect(pushes.at(-1)).toBe('0');
    const gap = ada.client.received.find((received): received is GapPush => received.type === 'gap');
    expect(gap?.to.offset).toBe(126);
    expect(gap?.latest?.map(({ offset }) => offset)).toEqual([120, 123, 124, 125, 126]);
  });

  it('receives the newest message of each publisher', async () => {
    const world = await start();
    const ada = await join(world, 'ada', subprotocol);
    await ada.client.result({ type: 'subscribe', channel: 'typing:x' });
    ada.socket.stall();
    await publish(world, 'typing:x', [{ user: 'ben' }, { user: 'cy' }, { user: 'ben' }]);
    ada.socket.unstall();
    await ada.client.push('live', 'typing:x');
    expect(summary(ada, 'typing:x').at(-2)).toBe('gap of slow_reader with filler=fill,cy=1,ben=2');
  });

  it('receives only the newest message without a key, and none under "drop"', async () => {
    const world = await start();
    const gaps: (string | undefined)[] = [];
    for (const channel of ['score:x', 'lossy:x']) {
      const ada = await join(world, 'ada', subprotocol);
      await ada.client.result({ type: 'subscribe', channel });
      ada.socket.stall();
      await publish(world, channel, PRICES);
      ada.socket.unstall();
      await ada.client.push('live', channel);
      gaps.push(summary(ada, channel).at(-2));
    }
    expect(gaps).toEqual(['gap of slow_reader with b=5', 'gap of slow_reader with undefined']);
  });
});

describe('the messages of a gap under "latest"', () => {
  it('never exceed the outbound limit, however many channels have gaps', async () => {
    const world = await start();
    const ada = await join(world, 'ada');
    const channels = Array.from({ length: 60 }, (_, n) => `price:${n}`);
    for (const channel of channels) await ada.client.result({ type: 'subscribe', channel });
    ada.socket.stall();
    for (const channel of channels) {
      for (let n = 0; n < 12; n++) {
        const draft = { data: FILL, tags: { symbol: `${n}` } };
        void world.services.door.publish({ channel, draft, by: PROGRAM, allowance: null });
      }
      await world.idle();
    }
    let most = 0;
    const live = () => ada.client.received.filter(({ type }) => type === 'live').length;
    while (live() < world.services.hub.size - 4) {
      ada.socket.read(50_000);
      await world.idle();
      most = Math.max(most, ada.socket.held);
    }
    expect(most).toBeGreaterThan(100_000); // otherwise nothing reached the limit
    expect(most).toBeLessThan(OUTBOUND / 2);
  });

  it('do not replace the replay of a subscription that rewinds', async () => {
    const world = await start();
    await publish(world, 'kept:x', PRICES);
    const ada = await join(world, 'ada');
    await ada.client.result({ type: 'subscribe', channel: 'kept:x', rewind: 6 });
    await ada.client.push('live');
    expect(summary(ada, 'kept:x')).toEqual(['0', '1', '2', '3', '4', '5', 'live']);
  });
});

/** A model with one channel and one follower, which does not read. */
function stalled(channel: ChannelName): { model: Model; ada: Follower } {
  const model = new Model({ channels: [channel], followers: 1 });
  const [ada] = model.followers;
  if (ada === undefined) throw new Error('the model has no follower');
  model.connect(ada);
  ada.subscribe(channel, {});
  model.settle();
  ada.socket?.stall();
  return { model, ada };
}

function overflow(model: Model, channel: ChannelName): void {
  for (let at = 0; at < 6; at++) {
    model.publish(channel, { count: 1, size: 10_000 });
    model.turn();
  }
  model.settle();
}

describe('a cursor under "latest"', () => {
  it('skips again to messages that arrived while it waited for the reader, and keeps the newest without history', () => {
    const { model, ada } = stalled('fleeting');
    overflow(model, 'fleeting');
    for (let round = 0; round < 8; round++) {
      ada.socket?.read(10_000);
      model.settle();
      model.publish('fleeting', { count: 4, size: 3_000 });
      model.settle();
    }
    ada.socket?.unstall();
    model.settle();
    model.check();
    model.checkSettled();
    expect(ada.reasons).toEqual(new Set(['slow_reader']));
  });

  it('continues from the log if the feed had a hole, because unannounced messages are not kept', () => {
    const { model, ada } = stalled('keyed');
    overflow(model, 'keyed');
    model.chaos.lose('keyed', 1);
    model.publish('keyed', { count: 2, size: 10 });
    model.settle();
    ada.socket?.unstall();
    model.settle();
    model.check();
    model.checkSettled();
  });
});
