import type { Position } from '@sluice/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';

const HOUR = 3_600_000;
const TRUE_TIME = 1_700_000_000_000;

let gateway: FakeGateway;
let client: Client;

/** A client on a device with a wrong clock. */
function start(skew: number): void {
  vi.useFakeTimers({ now: TRUE_TIME + skew });
  gateway = new FakeGateway();
  client = gateway.client();
}

beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5));

afterEach(restoreGlobals);

describe.each([-24 * HOUR, -10 * 60_000, 0, 10 * 60_000, 24 * HOUR])('on a clock that is wrong by %i ms', (skew) => {
  beforeEach(() => start(skew));

  it.each(['subscribe', 'messages'] as const)('uses the gateway\'s clock for "{ ago }" in %s', async (way) => {
    if (way === 'subscribe') client.channel('a').subscribe(() => {}, { since: { ago: 60_000 } });
    else
      void client
        .channel('a')
        .messages({ since: { ago: 60_000 } })
        .next();
    await turn();
    gateway.socket.open();
    // The gateway's clock is not known yet.
    expect(gateway.socket.sent('subscribe')).toEqual([]);
    await gateway.socket.accept({ time: TRUE_TIME });
    expect(gateway.socket.last('subscribe')).toMatchObject({ since: TRUE_TIME - 60_000 });
    expect(gateway.socket.last('subscribe')).not.toHaveProperty('ago');
  });

  it('counts from the call, regardless of how long connecting takes', async () => {
    client.channel('a').subscribe(() => {}, { since: { ago: 60_000 } });
    await turn();
    gateway.socket.drop();
    await pass(10_000);
    await gateway.socket.accept({ time: TRUE_TIME + 10_000 });
    expect(gateway.socket.last('subscribe')).toMatchObject({ since: TRUE_TIME - 60_000 });
  });

  it('is sent as soon as the clock is known, and resumes from the position', async () => {
    void client.connect();
    await turn();
    await gateway.socket.accept({ time: TRUE_TIME });
    client.channel('a').subscribe(() => {}, { since: { ago: 5000 } });
    await turn();
    expect(gateway.socket.last('subscribe')).toMatchObject({ since: TRUE_TIME - 5000 });
    gateway.socket.subscribed(7);
    gateway.socket.drop();
    await pass(1000);
    gateway.socket.open();
    expect(gateway.socket.last('subscribe')).toMatchObject({ position: { epoch: 'e1', offset: 7 } });
  });

  it('does not know how many messages are lost of a channel without history', async () => {
    void client.connect();
    await turn();
    await gateway.socket.accept({ time: TRUE_TIME });
    const lost: unknown[] = [];
    client.channel('a').subscribe(() => {}, { since: { ago: 60_000 }, onGap: (gap) => lost.push(gap.lost) });
    await turn();
    gateway.socket.subscribed(0, 'replaying');
    const gap = (from: number, to: number) => {
      const [start, end] = [from, to].map((offset) => ({ epoch: 'e1', offset })) as [Position, Position];
      gateway.socket.push({ type: 'gap', channel: 'a', from: start, to: end, reason: 'no_history' });
    };
    gap(0, 7);
    gap(7, 9);
    expect(lost).toEqual([undefined, 2]);
  });

  it.each([
    { head: 3, gaps: [{ reason: 'no_history', lost: undefined }] },
    { head: 0, gaps: [] },
  ])(
    'tells a later subscriber of a channel without history what the first one is told, at offset $head',
    async ({ head, gaps }) => {
      void client.connect();
      await turn();
      await gateway.socket.accept({ time: TRUE_TIME });
      client.channel('a').subscribe(() => {});
      await turn();
      gateway.socket.subscribed(head);
      const told: unknown[] = [];
      client.channel('a').subscribe(() => {}, {
        since: { ago: 60_000 },
        onGap: ({ reason, lost }) => told.push({ reason, lost }),
      });
      await turn();
      if (head > 0) {
        gateway.socket.reply('history', { epoch: 'e1', head, first: head + 1, messages: [], noHistory: true });
        await turn();
      }
      expect(told).toEqual(gaps);
    },
  );

  it('reads the backlog of a later subscriber from that time', async () => {
    void client.connect();
    await turn();
    await gateway.socket.accept({ time: TRUE_TIME });
    client.channel('a').subscribe(() => {});
    await turn();
    gateway.socket.subscribed(3);
    const seen: unknown[] = [];
    client.channel('a').subscribe(({ data }) => seen.push(data), { since: { ago: 60_000 } });
    await turn();
    const messages = [1, 2, 3].map((offset) => ({
      id: `${offset}`,
      offset,
      time: TRUE_TIME - (3 - offset) * 50_000,
      data: offset,
    }));
    gateway.socket.reply('history', { epoch: 'e1', head: 3, first: 1, messages });
    await turn();
    expect(seen).toEqual([2, 3]);
  });
});

describe.each([-HOUR, HOUR])('on a clock that is set by %i ms while connected', (by) => {
  it('corrects "{ ago }" after the gateway has answered a ping', async () => {
    start(0);
    void client.connect();
    await turn();
    await gateway.socket.accept({ time: TRUE_TIME });
    vi.setSystemTime(Date.now() + by);
    await pass(1000);
    // A clock that was set back is not mistaken for sleep, and nothing needs correction.
    if (gateway.socket.sent('ping').length > 0) gateway.socket.reply('ping', { time: TRUE_TIME + 1000 });
    client.channel('a').subscribe(() => {}, { since: { ago: 60_000 } });
    await turn();
    expect(gateway.socket.last('subscribe')).toMatchObject({ since: TRUE_TIME + 1000 - 60_000 });
  });
});

it("keeps the time if the gateway's answers to pings contain none", async () => {
  start(HOUR);
  void client.connect();
  await turn();
  await gateway.socket.accept({ time: TRUE_TIME });
  await pass(26_000);
  gateway.socket.reply('ping', {} as { time: number });
  client.channel('a').subscribe(() => {}, { since: { ago: 60_000 } });
  await turn();
  expect(gateway.socket.last('subscribe')).toMatchObject({ since: TRUE_TIME + 26_000 - 60_000 });
});

it('shares one start between two subscribers with the same "{ ago }"', async () => {
  start(0);
  void client.connect();
  await turn();
  await gateway.socket.accept();
  client.channel('a').subscribe(() => {}, { since: { ago: 60_000 } });
  await pass(3);
  client.channel('a').subscribe(() => {}, { since: { ago: 60_000 } });
  await turn();
  expect([gateway.socket.sent('subscribe').length, gateway.socket.sent('history').length]).toEqual([1, 0]);
});

it('never requests a time before the epoch', async () => {
  start(0);
  client.channel('a').subscribe(() => {}, { since: { ago: Number.MAX_SAFE_INTEGER } });
  await turn();
  await gateway.socket.accept();
  expect(gateway.socket.last('subscribe')).toMatchObject({ since: 0 });
});

it('does not change an absolute time', async () => {
  start(HOUR);
  client.channel('a').subscribe(() => {}, { since: 5 });
  await turn();
  gateway.socket.open();
  expect(gateway.socket.last('subscribe')).toMatchObject({ since: 5 });
});

it('delivers a backlog of any length', async () => {
  start(0);
  const [pages, size] = [4, 50_000];
  void client.connect();
  await turn();
  await gateway.socket.accept({ time: TRUE_TIME });
  client.channel('a').subscribe(() => {});
  await turn();
  gateway.socket.subscribed(pages * size);
  let seen = 0;
  client.channel('a').subscribe(() => seen++, { since: { ago: 60_000 } });
  for (let page = pages - 1; page >= 0; page--) {
    await turn();
    const messages = Array.from({ length: size }, (_, at) => page * size + at + 1).map((offset) => {
      return { id: `${offset}`, offset, time: TRUE_TIME, data: offset };
    });
    gateway.socket.reply('history', { epoch: 'e1', head: pages * size, first: 1, messages });
  }
  await turn();
  expect(seen).toBe(pages * size);
});
