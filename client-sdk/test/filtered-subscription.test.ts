import { LIMITS, type ServerMessage } from '@sluice/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageFilter } from '../src/channel-api.ts';
import type { ClientState } from '../src/client-state.ts';
import { Core } from '../src/core.ts';
import type { SluiceError } from '../src/errors.ts';
import { RemoteSubscription } from '../src/remote-subscription.ts';
import { FakeGateway, turn, wireMessage } from './support/fake-gateway.ts';

/** A client whose subscriptions may have filters, and so ids. */
class Inner {
  readonly gateway = new FakeGateway();
  readonly errors: SluiceError[] = [];
  readonly core: Core;

  constructor() {
    const create = () => {
      throw new Error('no other client is needed');
    };
    this.core = new Core({ url: 'ws://gateway.test/ws', WebSocket: this.gateway.WebSocket }, create);
    this.core.on('error', (error) => this.errors.push(error));
  }

  get state(): ClientState {
    return this.core.peer.state;
  }

  subscribe(filter?: MessageFilter) {
    const seen: number[] = [];
    const channel = this.core.channel('a');
    const subscriber = channel.subscribe(({ offset }) => seen.push(offset), filter && { filter });
    const sub = this.core.find(RemoteSubscription, channel, filter)?.sub as number | undefined;
    return { seen, subscriber, sub, id: sub === undefined ? {} : { sub } };
  }

  async accept(): Promise<void> {
    await turn();
    await this.gateway.socket.accept();
  }

  /** Accepts the pending subscribes, all at this offset. */
  accepted(offset = 0): void {
    for (const { id } of this.gateway.socket.sent('subscribe')) {
      this.push({ type: 'reply', id, result: { epoch: 'e1', offset, state: 'live' } });
    }
  }

  push(message: ServerMessage): void {
    this.gateway.socket.push(message);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const PUSH = { type: 'messages', channel: 'a', epoch: 'e1' } as const;
const PROGRESS = { type: 'progress', channel: 'a', epoch: 'e1' } as const;

const FILTER = { event: 'chat' };

describe('a subscription with a filter', () => {
  it('is opened with its filter and id, and ended under its id', async () => {
    const inner = new Inner();
    inner.subscribe();
    const { subscriber, sub } = inner.subscribe(FILTER);
    await inner.accept();
    expect(inner.gateway.socket.sent('subscribe').map((command) => [command.sub, command.filter])).toEqual([
      [undefined, undefined],
      [sub, FILTER],
    ]);
    inner.accepted();
    subscriber.unsubscribe();
    await turn();
    expect(inner.gateway.socket.last('unsubscribe')).toMatchObject({ channel: 'a', sub });
  });

  it('is shared by all that pass the same filter object', async () => {
    const inner = new Inner();
    const subs = [FILTER, FILTER, { ...FILTER }].map((filter) => inner.subscribe(filter).sub);
    await inner.accept();
    expect(subs[0]).toBe(subs[1]);
    expect(inner.gateway.socket.sent('subscribe').map(({ sub }) => sub)).toEqual([subs[0], subs[2]]);
  });

  it('has the smallest id that is free on its channel, however many filters came before it', async () => {
    const inner = new Inner();
    const kept = inner.subscribe({ ...FILTER });
    await inner.accept();
    for (let n = 0; n < 3 * LIMITS.subscriptionId; n++) {
      const { subscriber, sub } = inner.subscribe({ event: `e${n}` });
      expect([kept.sub, sub]).toEqual([1, 2]);
      await turn();
      inner.accepted();
      subscriber.unsubscribe();
      await turn();
      const { id } = inner.gateway.socket.last('unsubscribe');
      inner.push({ type: 'reply', id, result: {} });
    }
    kept.subscriber.unsubscribe();
    expect(inner.subscribe({ ...FILTER }).sub, 'an id that is being closed is not free').toBe(2);
  });

  it('shares no ids with another channel', async () => {
    const inner = new Inner();
    inner.subscribe(FILTER);
    const channel = inner.core.channel('b');
    channel.subscribe(() => {}, { filter: FILTER });
    expect(inner.core.find(RemoteSubscription, channel, FILTER)?.sub).toBe(1);
  });

  it('receives the pushes with its id, and the default subscription those without one', async () => {
    const inner = new Inner();
    const plain = inner.subscribe();
    const first = inner.subscribe({ ...FILTER });
    const second = inner.subscribe({ ...FILTER });
    await inner.accept();
    inner.accepted();
    inner.push({ ...PUSH, messages: [wireMessage(1)] });
    inner.push({ ...PUSH, ...first.id, after: 0, messages: [wireMessage(2)] });
    inner.push({ ...PUSH, sub: 1_000_000, after: 0, messages: [wireMessage(3)] });
    inner.push({ type: 'unsubscribed', channel: 'a', ...second.id, reason: 'permission' });
    expect([plain.seen, first.seen, second.seen]).toEqual([[1], [2], []]);
    expect([plain, first, second].map(({ subscriber }) => subscriber.state)).toEqual(['live', 'live', 'denied']);
    expect(inner.state).toBe('connected');
  });

  it('resumes from its own position', async () => {
    const inner = new Inner();
    inner.subscribe();
    const { sub, id } = inner.subscribe(FILTER);
    await inner.accept();
    inner.accepted();
    inner.push({ ...PUSH, messages: [wireMessage(1)] });
    inner.push({ ...PUSH, ...id, after: 0, messages: [wireMessage(5)] });
    inner.push({ ...PROGRESS, ...id, after: 3, offset: 9 });
    inner.gateway.socket.drop();
    await vi.advanceTimersByTimeAsync(1000);
    await inner.accept();
    const asked = inner.gateway.socket.sent('subscribe').map((command) => [command.sub, command.position?.offset]);
    expect(asked).toEqual([
      [undefined, 1],
      [sub, 9],
    ]);
  });
});

describe('a push of a newer gateway', () => {
  it('is ignored if its type is unknown, and is read if only a field is unknown', async () => {
    const inner = new Inner();
    const { seen } = inner.subscribe();
    await inner.accept();
    inner.accepted();
    inner.push({ type: 'weather', channel: 'a', sun: true } as never);
    inner.push({ type: 'weather' } as never);
    const message = {
      ...wireMessage(1),
      origin: { channel: 'b', offset: 3 },
      ref: 'x',
      op: 'y',
      trace: 'z',
      future: 1,
    };
    inner.push({ ...PUSH, messages: [message], later: [1] } as never);
    expect([seen, inner.state, inner.errors]).toEqual([[1], 'connected', []]);
  });
});

describe('any sequence of pushes', () => {
  const offset = fc.integer({ min: 0, max: 12 });
  const messages = fc.record({
    type: fc.constant('messages' as const),
    after: fc.option(offset, { nil: undefined }),
    offsets: fc.uniqueArray(fc.integer({ min: 1, max: 14 }), { minLength: 1, maxLength: 4 }),
  });
  const progress = fc.record({ type: fc.constant('progress' as const), after: offset, offset });

  it('delivers messages in order, once and without loss, or is a protocol violation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(messages, progress), { maxLength: 12 }), async (pushes) => {
        const inner = new Inner();
        const { seen, subscriber, id } = inner.subscribe(FILTER);
        await inner.accept();
        inner.accepted();
        const expected: number[] = [];
        let position = 0;
        for (const push of pushes) {
          const offsets = push.type === 'messages' ? push.offsets.toSorted((a, b) => a - b) : [push.offset];
          if (push.type === 'messages') {
            const { after } = push;
            const body = { ...PUSH, ...id, messages: offsets.map((one) => wireMessage(one)) };
            inner.push(after === undefined ? body : { ...body, after });
          } else inner.push({ ...PROGRESS, ...id, after: push.after, offset: push.offset });
          const isWhole = (one: number) =>
            push.type === 'progress' || push.after !== undefined ? position >= (push.after ?? 0) : position === one - 1;
          // A `progress` is always checked. A message that was already seen is not checked.
          const news = push.type === 'progress' ? offsets : offsets.filter((one) => one > position);
          for (const one of news) {
            if (!isWhole(one)) {
              expect([inner.state, seen]).toEqual(['waiting', expected]);
              return;
            }
            if (push.type === 'messages') expected.push(one);
            position = Math.max(position, one);
          }
          expect([inner.state, seen, subscriber.position?.offset]).toEqual(['connected', expected, position]);
        }
      }),
      { numRuns: 300 },
    );
  });
});
