import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import type { Gap, Message, SubscribeOptions } from '../src/channel-api.ts';
import type { SluiceError } from '../src/errors.ts';
import { connectedClient, restoreGlobals } from './support/connected-client.ts';
import { type FakeGateway, pass, turn, wireMessage } from './support/fake-gateway.ts';
import { hearUncaught } from './support/uncaught.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(async () => {
  ({ gateway, client } = await connectedClient());
});

afterEach(restoreGlobals);

/** Subscribes and records every event of the subscription. */
function listen(options: SubscribeOptions = {}, channel = 'a') {
  const seen: (number | string)[] = [];
  const gaps: Gap[] = [];
  const states: string[] = [];
  const errors: SluiceError[] = [];
  const subscription = client.channel<number>(channel).subscribe((message) => seen.push(message.data), {
    onGap: (gap) => {
      gaps.push(gap);
      seen.push(`gap ${gap.from.offset}-${gap.to.offset}`);
    },
    onState: (state) => states.push(state),
    onError: (error) => errors.push(error),
    ...options,
  });
  return { subscription, seen, gaps, states, errors };
}

async function reconnect(): Promise<void> {
  gateway.socket.drop();
  await pass(250);
  await gateway.socket.accept();
}

describe('a cursor (SPEC.md section 7)', () => {
  it('delivers complete messages in order', async () => {
    const messages: Message<{ text: string }>[] = [];
    client.channel<{ text: string }>('a').subscribe((message) => messages.push(message));
    await turn();
    gateway.socket.subscribed(7);
    const wire = { id: 'm8', offset: 8, time: 5, data: { text: 'hi' }, event: 'chat', tags: { a: 'b' }, from: 'bob' };
    gateway.socket.push({ type: 'messages', channel: 'a', epoch: 'e1', messages: [wire] });
    expect(messages).toEqual([{ ...wire, channel: 'a', epoch: 'e1' }]);
  });

  it('drops pushes before the reply to subscribe (rule 1)', async () => {
    const { seen } = listen();
    await turn();
    gateway.socket.messages('a', [1]);
    gateway.socket.push({ type: 'gap', channel: 'a', from: at(0), to: at(9), reason: 'retention' });
    gateway.socket.subscribed(1);
    gateway.socket.messages('a', [2]);
    expect(seen).toEqual([2]);
  });

  it('applies the reply before the messages after it in the same frame', async () => {
    const { seen } = listen();
    await turn();
    gateway.socket.push(
      { type: 'reply', id: gateway.socket.last('subscribe').id, result: { ...at(3), state: 'live' } },
      { type: 'messages', channel: 'a', epoch: 'e1', messages: [wireMessage(4)] },
    );
    expect(seen).toEqual([4]);
  });

  it('drops messages that it has already seen, even within a frame (rule 2)', async () => {
    const { seen } = listen();
    await turn();
    gateway.socket.subscribed(2);
    gateway.socket.messages('a', [1, 2, 3, 3, 4]);
    gateway.socket.messages('a', [2, 3, 4, 5]);
    expect(seen).toEqual([3, 4, 5]);
  });

  it('jumps over a gap and reports what is lost (rule 4)', async () => {
    const { seen, gaps, subscription } = listen();
    await turn();
    gateway.socket.subscribed(2);
    gateway.socket.push({ type: 'gap', channel: 'a', from: at(2), to: at(5), reason: 'slow_reader' });
    gateway.socket.push({ type: 'gap', channel: 'a', from: at(5), to: at(3, 'e2'), reason: 'epoch_changed' });
    gateway.socket.messages('a', [4], { epoch: 'e2' });
    expect(seen).toEqual(['gap 2-5', 'gap 5-3', 4]);
    expect(gaps.map(({ lost, reason }) => [lost, reason])).toEqual([
      [3, 'slow_reader'],
      [undefined, 'epoch_changed'],
    ]);
    expect(subscription.position).toEqual(at(4, 'e2'));
  });

  it('resumes from its position (rule 5), including offset 0', async () => {
    listen({ rewind: 3 });
    listen({}, 'b');
    await turn();
    const [a, b] = gateway.socket.sent('subscribe');
    expect([a?.rewind, b?.rewind]).toEqual([3, undefined]);
    gateway.socket.push({ type: 'reply', id: a?.id ?? 0, result: { ...at(0), state: 'live' } });
    gateway.socket.push({ type: 'reply', id: b?.id ?? 0, result: { ...at(4), state: 'live' } });
    gateway.socket.messages('b', [5, 6]);
    await reconnect();
    expect(gateway.socket.sent('subscribe').map(({ position, rewind }) => [position, rewind])).toEqual([
      [at(0), undefined],
      [at(6), undefined],
    ]);
  });

  it('repeats its original start until the first answer', async () => {
    listen({ since: 77 });
    await reconnect();
    expect(gateway.socket.last('subscribe')).toMatchObject({ since: 77 });
  });

  it.each([
    ['a hole', [4], 'e1'],
    ['another epoch', [3], 'e2'],
  ])('reports %s without a gap, and resumes on another connection', async (_what, offsets, epoch) => {
    const errors: SluiceError[] = [];
    client.on('error', (error) => errors.push(error));
    const { seen } = listen();
    await turn();
    gateway.socket.subscribed(2);
    gateway.socket.messages('a', offsets, { epoch });
    expect(seen).toEqual([]);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toMatch(/^a: \d is missing\./);
    expect(client.state).toBe('waiting');
    await pass(2000);
    await gateway.socket.accept();
    expect(gateway.socket.last('subscribe').position).toEqual(at(2));
  });

  it('reports its states', async () => {
    const { subscription, states } = listen({ rewind: 2 });
    await turn();
    expect(subscription.state).toBe('subscribing');
    gateway.socket.subscribed(2, 'replaying');
    await subscription.ready;
    gateway.socket.push({ type: 'live', channel: 'a' });
    gateway.socket.push({ type: 'replaying', channel: 'a' });
    gateway.socket.push({ type: 'live', channel: 'a' });
    gateway.socket.drop();
    expect(states).toEqual(['catching-up', 'live', 'catching-up', 'live', 'subscribing']);
  });
});

describe('a refusal', () => {
  it('denies the subscription', async () => {
    const { subscription, errors, states } = listen();
    await turn();
    gateway.socket.refuse('subscribe', 'permission_denied');
    await expect(subscription.ready).rejects.toMatchObject({ name: 'permission_denied', code: 4306 });
    expect([states, errors.map(({ name }) => name)]).toEqual([['denied'], ['permission_denied']]);
    await reconnect();
    expect(gateway.socket.sent('subscribe')).toHaveLength(0);
  });

  it('is reported by the client if the subscription has no onError; an unobserved ready is no unhandled rejection', async () => {
    const onError = vi.fn();
    client.on('error', onError);
    client.channel('a').subscribe(() => {});
    await turn();
    gateway.socket.refuse('subscribe', 'channel_unknown');
    await turn();
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ name: 'channel_unknown' }));
  });

  it('is retried if it is retryable, after the time that the gateway specified', async () => {
    const { subscription, errors, seen } = listen();
    await turn();
    gateway.socket.refuse('subscribe', 'unavailable', { retryable: true });
    await pass(249);
    expect(gateway.socket.sent('subscribe')).toHaveLength(1);
    await pass(1);
    expect(gateway.socket.sent('subscribe')).toHaveLength(2);
    gateway.socket.refuse('subscribe', 'unavailable', { retryable: true, retryAfter: 5000 });
    await pass(4999);
    expect(gateway.socket.sent('subscribe')).toHaveLength(2);
    await pass(1);
    gateway.socket.subscribed();
    gateway.socket.messages('a', [1]);
    expect([subscription.state, errors.length, seen]).toEqual(['live', 2, [1]]);
  });

  it('needs no retry if the last subscriber has left', async () => {
    const timers = vi.getTimerCount();
    const { subscription } = listen();
    await turn();
    gateway.socket.refuse('subscribe', 'unavailable', { retryable: true, retryAfter: 5000 });
    subscription.unsubscribe();
    await turn();
    expect(vi.getTimerCount()).toBe(timers);
  });

  it('is forgotten after success: the next pause is short again', async () => {
    listen();
    await turn();
    for (const pause of [250, 500]) {
      gateway.socket.refuse('subscribe', 'unavailable', { retryable: true });
      await pass(pause);
    }
    gateway.socket.subscribed();
    await reconnect();
    gateway.socket.refuse('subscribe', 'unavailable', { retryable: true });
    await pass(250);
    expect(gateway.socket.sent('subscribe')).toHaveLength(2);
  });

  it.each([
    ['permission', 'denied'],
    ['slow_reader', 'ended'],
  ] as const)('after the start (%s) makes it %s', async (reason, state) => {
    const { subscription, errors } = listen();
    await turn();
    gateway.socket.subscribed();
    gateway.socket.push({ type: 'unsubscribed', channel: 'a', reason });
    expect([subscription.state, errors[0]?.name]).toEqual([state, 'unsubscribed']);
    const again = listen();
    await turn();
    gateway.socket.subscribed();
    expect(again.subscription.state).toBe('live');
  });
});

describe('unsubscribing', () => {
  it('ends the wire subscription after the last subscriber', async () => {
    const first = listen();
    const second = listen();
    await turn();
    expect(gateway.socket.sent('subscribe')).toHaveLength(1);
    gateway.socket.subscribed();
    first.subscription.unsubscribe();
    await turn();
    expect(gateway.socket.sent('unsubscribe')).toHaveLength(0);
    gateway.socket.messages('a', [1]);
    second.subscription.unsubscribe();
    await turn();
    expect(gateway.socket.sent('unsubscribe')).toHaveLength(1);
    gateway.socket.messages('a', [2]);
    expect([first.seen, second.seen, second.states]).toEqual([[], [1], ['live', 'ended']]);
    await expect(first.subscription.ready).resolves.toBeUndefined();
  });

  it('and subscribing in the same turn keeps the cursor', async () => {
    const first = listen({ rewind: 1 });
    first.subscription.unsubscribe();
    const second = listen({ rewind: 1 });
    await turn();
    gateway.socket.subscribed();
    second.subscription.unsubscribe();
    const third = listen();
    await turn();
    gateway.socket.messages('a', [1]);
    expect(gateway.socket.commands.map(({ type }) => type)).toEqual(['connect', 'subscribe']);
    expect([first.seen, second.seen, third.seen]).toEqual([[], [], [1]]);
  });

  it('waits for the reply to subscribe, and the next subscribe waits for its own reply', async () => {
    const first = listen();
    await turn();
    first.subscription.unsubscribe();
    await turn();
    expect(gateway.socket.sent('unsubscribe')).toHaveLength(0);
    gateway.socket.subscribed(5);
    await turn();
    expect(gateway.socket.sent('unsubscribe')).toHaveLength(1);
    const second = listen({ rewind: 2 });
    await turn();
    expect(gateway.socket.sent('subscribe')).toHaveLength(1);
    gateway.socket.messages('a', [6]);
    gateway.socket.reply('unsubscribe', {});
    await turn();
    expect(gateway.socket.last('subscribe')).toMatchObject({ rewind: 2 });
    expect(gateway.socket.last('subscribe').position).toBeUndefined();
    gateway.socket.subscribed(4, 'replaying');
    gateway.socket.messages('a', [5, 6]);
    expect(second.seen).toEqual([5, 6]);
  });

  it('before the command was sent sends nothing', async () => {
    listen().subscription.unsubscribe();
    await reconnect();
    expect(gateway.socket.commands.map(({ type }) => type)).toEqual(['connect']);
  });

  it('by a signal rejects ready with its reason', async () => {
    const controller = new AbortController();
    const { subscription, states } = listen({ signal: controller.signal });
    const late = listen({ signal: AbortSignal.abort('before') });
    controller.abort('enough');
    await expect(subscription.ready).rejects.toBe('enough');
    await expect(late.subscription.ready).rejects.toBe('before');
    expect([states, late.subscription.state]).toEqual([['ended'], 'ended']);
    await reconnect();
    expect(gateway.socket.sent('subscribe')).toHaveLength(0);
  });

  it('within a handler stops the remaining messages of the frame', async () => {
    const seen: number[] = [];
    const subscription = client.channel<number>('a').subscribe(({ data }) => {
      seen.push(data);
      subscription.unsubscribe();
    });
    await turn();
    gateway.socket.subscribed();
    gateway.socket.messages('a', [1, 2]);
    expect(seen).toEqual([1]);
  });

  it('returns the same channel object while it is in use', async () => {
    const channel = client.channel('a');
    const subscription = channel.subscribe(() => {});
    expect(client.channel('a')).toBe(channel);
    subscription.unsubscribe();
    await turn();
    expect(client.channel('a').name).toBe('a');
  });
});

describe('a handler that throws', () => {
  it('is reported, and affects no other handler', async () => {
    const reported = hearUncaught();
    const error = new Error('mine');
    client.channel('a').subscribe(() => {
      throw error;
    });
    const { seen } = listen();
    await turn();
    gateway.socket.subscribed();
    gateway.socket.messages('a', [1, 2]);
    expect(seen).toEqual([1, 2]);
    await turn();
    expect(reported.mock.calls).toEqual([[error], [error]]);
  });
});

describe('a second subscriber', () => {
  beforeEach(async () => {
    listen();
    await turn();
    gateway.socket.subscribed(10);
    gateway.socket.messages('a', [11, 12]);
  });

  /** Answers the latest history request from a log that holds the offsets from `first` to `head`. */
  function answerHistory({ first = 1, head = 12, epoch = 'e1', most = 1000 } = {}): void {
    const { before = head + 1, limit = 100 } = gateway.socket.last('history');
    const offsets = range(Math.max(first, before - Math.min(limit, most)), before - 1);
    const messages = offsets.map((offset) => wireMessage(offset, { epoch, time: offset * 100 }));
    gateway.socket.reply('history', { epoch, head, first, messages });
  }

  it('without a start receives live messages', () => {
    const { seen, subscription } = listen();
    expect([subscription.state, subscription.position]).toEqual(['live', at(12)]);
    gateway.socket.messages('a', [13]);
    expect(seen).toEqual([13]);
  });

  it('with a rewind receives its backlog first, and nothing twice', async () => {
    const { seen, subscription, states } = listen({ rewind: 3 });
    await turn();
    expect(gateway.socket.last('history')).toMatchObject({ channel: 'a', before: 13, limit: 3 });
    gateway.socket.messages('a', [13, 14]);
    expect(seen).toEqual([]);
    answerHistory();
    await turn();
    gateway.socket.messages('a', [15]);
    expect(seen).toEqual([10, 11, 12, 13, 14, 15]);
    expect([subscription.position, states]).toEqual([at(15), ['catching-up', 'live']]);
  });

  it('with a rewind over many pages reads them backwards', async () => {
    const { seen } = listen({ rewind: 8 });
    await turn();
    for (let page = 0; page < 3; page++) {
      answerHistory({ most: 3 });
      await turn();
    }
    expect(seen).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('since a time receives the messages that are not older', async () => {
    const { seen } = listen({ since: 900 });
    await turn();
    answerHistory();
    await turn();
    expect(seen).toEqual([9, 10, 11, 12]);
  });

  it('since a time without later messages starts at the position of the others', async () => {
    const { subscription, seen } = listen({ since: 5000 });
    await turn();
    answerHistory();
    await turn();
    expect([seen, subscription.position, subscription.state]).toEqual([[], at(12), 'live']);
  });

  it('with a position receives the messages after it', async () => {
    const { seen, gaps } = listen({ position: at(9) });
    await turn();
    answerHistory();
    await turn();
    expect([seen, gaps]).toEqual([[10, 11, 12], []]);
  });

  it.each([
    ['the log does not reach back so far', { first: 7 }, at(2), 'gap 2-6', 4, 'retention'],
    ['the log is empty', { first: 13 }, at(2), 'gap 2-12', 10, 'retention'],
    ['the log began a new life', { first: 7 }, at(40, 'e0'), 'gap 40-6', undefined, 'epoch_changed'],
  ] as const)('with a position is told a gap where %s', async (_what, log, position, gap, lost, reason) => {
    const { seen, gaps } = listen({ position });
    await turn();
    answerHistory(log);
    await turn();
    gateway.socket.messages('a', [13]);
    expect(seen).toEqual([gap, ...range(log.first, 13)]);
    expect(gaps[0]).toMatchObject({ lost, reason, from: position });
  });

  it("with the cursor's position needs no backlog; a later position waits for the messages after it", async () => {
    const same = listen({ position: at(12) });
    const ahead = listen({ position: at(14) });
    await turn();
    expect(gateway.socket.sent('history')).toHaveLength(0);
    gateway.socket.messages('a', [13, 14, 15]);
    expect([same.seen, ahead.seen]).toEqual([[13, 14, 15], [15]]);
  });

  it('continues without its backlog if that is refused; a missing position becomes a gap', async () => {
    const rewinding = listen({ rewind: 3 });
    await turn();
    gateway.socket.refuse('history', 'permission_denied');
    const resuming = listen({ position: at(4) });
    await turn();
    gateway.socket.refuse('history', 'permission_denied');
    await turn();
    gateway.socket.messages('a', [13]);
    expect([rewinding.seen, resuming.seen]).toEqual([[13], ['gap 4-12', 13]]);
    expect(rewinding.errors[0]?.name).toBe('permission_denied');
    expect(resuming.gaps[0]).toMatchObject({ lost: 8 });
  });

  it('receives its backlog across a lost connection', async () => {
    const { seen } = listen({ rewind: 1 });
    await turn();
    await reconnect();
    gateway.socket.subscribed(12, 'replaying');
    gateway.socket.messages('a', [13]);
    answerHistory();
    await turn();
    expect(seen).toEqual([12, 13]);
  });

  it('that leaves while its backlog is read receives nothing', async () => {
    const { seen, subscription, states } = listen({ rewind: 1 });
    await turn();
    subscription.unsubscribe();
    answerHistory();
    await turn();
    expect([seen, states]).toEqual([[], ['catching-up', 'ended']]);
  });

  it('without a start that joins during a replay receives no old messages', async () => {
    await reconnect();
    gateway.socket.subscribed(12, 'replaying');
    const { seen } = listen();
    gateway.socket.messages('a', [13], { time: Date.now() - 5000 });
    gateway.socket.messages('a', [14], { time: Date.now() + 10 });
    expect(seen).toEqual([14]);
  });
});

describe('subscribers of one turn', () => {
  it('each receive what they asked for', async () => {
    const now = listen();
    const back = listen({ rewind: 2 });
    await turn();
    expect(gateway.socket.sent('subscribe')).toHaveLength(1);
    gateway.socket.subscribed(5);
    await turn();
    expect(gateway.socket.last('history')).toMatchObject({ before: 6, limit: 2 });
    gateway.socket.messages('a', [6]);
    gateway.socket.reply('history', { epoch: 'e1', head: 6, first: 1, messages: [wireMessage(4), wireMessage(5)] });
    await turn();
    expect([now.seen, back.seen]).toEqual([[6], [4, 5, 6]]);
  });

  it('with the same start share it', async () => {
    const one = listen({ rewind: 2 });
    const other = listen({ rewind: 2 });
    await turn();
    gateway.socket.subscribed(5, 'replaying');
    gateway.socket.messages('a', [6, 7]);
    expect([one.seen, other.seen]).toEqual([
      [6, 7],
      [6, 7],
    ]);
    expect(gateway.socket.sent('history')).toHaveLength(0);
  });
});

function at(offset: number, epoch = 'e1') {
  return { epoch, offset };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}
