import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import { consume } from '../src/queues/index.ts';
import { respond } from '../src/requests/index.ts';
import { FakeGateway, pass, turn, wireMessage } from './support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
  gateway = new FakeGateway();
  client = gateway.client({ token: () => 'token' });
});

afterEach(() => {
  client.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Whether a promise has settled, and how. */
function watch(work: Promise<unknown>) {
  const seen = { state: 'pending' };
  work.then(
    () => {
      seen.state = 'resolved';
    },
    () => {
      seen.state = 'rejected';
    },
  );
  return seen;
}

const never = () => new Promise<void>(() => {});

describe.each([
  {
    kind: 'consumer',
    open: 'consume',
    close: 'stop',
    limit: 'prefetch',
    result: { group: 'queue', prefetch: 10, ackTimeout: 30_000 },
    begin: (handler: () => unknown, limit?: number) =>
      consume(client.channel('a'), handler, { ...(limit !== undefined && { prefetch: limit }), onError: () => {} }),
    work: (id: string) =>
      gateway.socket.push({
        ...{ type: 'deliveries', channel: 'a', group: 'queue', epoch: 'e1' },
        deliveries: [{ id, attempt: 1, deadline: 0, message: wireMessage(1) }],
      }),
    settled: 'ack',
  },
  {
    kind: 'responder',
    open: 'respond',
    close: 'unrespond',
    limit: 'concurrency',
    result: {},
    begin: (handler: () => unknown, limit?: number) =>
      respond(client.channel('a'), handler as never, {
        ...(limit !== undefined && { concurrency: limit }),
        onError: () => {},
      }),
    work: (request: string) =>
      gateway.socket.push({ type: 'requests', channel: 'a', requests: [{ request, data: 1, timeout: 1000 }] }),
    settled: 'reply',
  },
] as const)('a $kind that another one replaces', ({ open, close, limit, result, begin, work, settled }) => {
  const sent = () =>
    gateway.socket.commands.filter(({ type }) => type === open || type === close).map(({ type }) => type);
  const answer = async (type: typeof open | typeof close) => {
    await turn();
    gateway.socket.reply(type, type === open ? result : ({} as never));
    await turn();
  };
  const connect = async () => {
    await turn();
    await gateway.socket.accept();
  };

  it('before the gateway has accepted it stops, and the other has its own limit', async () => {
    const first = begin(never, 3);
    await connect();
    const stopped = watch(first.stop());
    const second = begin(never, 5);
    const ready = watch(second.ready);
    await answer(open);
    expect([stopped.state, ready.state]).toEqual(['pending', 'pending']);
    await answer(close);
    expect([stopped.state, ready.state]).toEqual(['resolved', 'pending']);
    expect(gateway.socket.last(open)).toMatchObject({ [limit]: 5 });
    await answer(open);
    expect([ready.state, sent()]).toEqual(['resolved', [open, close, open]]);
  });

  it('before the gateway has accepted it stops, also if the connection is lost', async () => {
    const first = begin(never, 3);
    await connect();
    const stopped = watch(first.stop());
    const other = begin(never, 5);
    expect(() => begin(never)).toThrow(/already/);
    gateway.socket.drop();
    await pass(1000);
    await gateway.socket.accept();
    expect([stopped.state, gateway.socket.last(open)]).toMatchObject(['resolved', { [limit]: 5 }]);
    await answer(open);
    await expect(other.ready).resolves.toBeUndefined();
  });

  it('and that is refused stops, and the other asks for itself', async () => {
    const first = begin(never, 3);
    await connect();
    const stopped = watch(first.stop());
    const ready = watch(begin(never, 5).ready);
    gateway.socket.refuse(open, 'permission_denied');
    await turn();
    expect([stopped.state, ready.state]).toEqual(['resolved', 'pending']);
    await answer(open);
    expect([ready.state, sent()]).toEqual(['resolved', [open, open]]);
  });

  it('stops only itself, however often', async () => {
    const first = begin(never);
    await connect();
    await answer(open);
    void first.stop();
    await answer(close);
    const second = begin(never);
    await answer(open);
    await first.stop();
    await expect(second.ready).resolves.toBeUndefined();
    await turn();
    expect(sent()).toEqual([open, close, open]);
  });

  it('can be stopped before it has replaced the other', async () => {
    void begin(never).stop();
    const first = begin(never);
    await connect();
    void first.stop();
    const second = begin(never);
    const stopped = watch(second.stop());
    await expect(second.ready).rejects.toThrow('stopped before');
    expect(stopped.state).toBe('resolved');
    await answer(open);
    await answer(close);
    expect(sent()).toEqual([open, close]);
  });

  it('waits for what it has in hand, not for the work of the other', async () => {
    let finish = () => {};
    const handler = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    const first = begin(handler);
    await connect();
    await answer(open);
    work('w1');
    const stopped = watch(first.stop());
    await answer(close);
    begin(never);
    await answer(open);
    work('w2');
    await turn();
    expect(stopped.state).toBe('pending');
    finish();
    await turn();
    gateway.socket.reply(settled, {});
    await turn();
    expect(stopped.state).toBe('resolved');
  });

  it('stops only when the gateway sends no more work', async () => {
    const handler = vi.fn(() => {});
    const first = begin(handler);
    await connect();
    await answer(open);
    const stopped = watch(first.stop());
    await turn();
    work('w1');
    await turn();
    gateway.socket.reply(settled, {});
    await turn();
    expect([handler.mock.calls.length, stopped.state]).toEqual([1, 'pending']);
    await answer(close);
    expect(stopped.state).toBe('resolved');
  });

  it('aborts what it has in hand when the client is closed after it was stopped', async () => {
    const signals: AbortSignal[] = [];
    const first = begin(((work: { readonly signal: AbortSignal }) => {
      signals.push(work.signal);
      return never();
    }) as never);
    await connect();
    await answer(open);
    work('w1');
    void first.stop();
    await answer(close);
    client.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});
