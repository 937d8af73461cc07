import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../util/byte-budget.ts';
import type { ConnectionListener } from './connection.ts';
import { LoopbackTransport } from './loopback.ts';
import type { LoopbackClient } from './loopback-client.ts';
import { UnauthenticatedPeers } from './unauthenticated-peers.ts';
import { type NativeSocket, UwsConnection } from './uws-connection.ts';

const LIMIT = 1_000;

interface Heard {
  readonly connection: UwsConnection;
  readonly client: LoopbackClient;
  readonly events: string[];
}

/** Two ends of a connection, over a native socket in memory that throws where the real one crashes. */
function open(more: Partial<ConnectionListener> = {}): Heard & { transport: LoopbackTransport } {
  const transport = new LoopbackTransport({ limit: LIMIT });
  const events: string[] = [];
  let connection: UwsConnection | undefined;
  transport.open({
    paths: ['/ws'],
    admit: () => ({ ok: true, protocol: '' }),
    open: (opened) => {
      connection = opened as UwsConnection;
      return {
        frame: (data) => events.push(`frame ${String(data)}`),
        evicted: (why) => events.push(`evicted ${why}`),
        flooded: () => events.push('flooded'),
        overflow: () => events.push('overflow'),
        drain: () => events.push('drain'),
        closed: (code) => events.push(`closed ${code}`),
        ...more,
      };
    },
  });
  const client = transport.connect();
  if (connection === undefined) throw new Error('nothing was opened');
  return { connection, client, events, transport };
}

const text = (size: number, letter: string) => letter.repeat(size);
const letters = (client: LoopbackClient) => client.take().map((frame) => `${String(frame)[0]}${frame.length}`);

describe('a connection', () => {
  it('sends immediately while the reader reads', () => {
    const { connection, client } = open();
    connection.send('hello', false);
    connection.send(Buffer.from('there'), false);
    expect(client.take()).toEqual(['hello', 'there']);
    expect([connection.buffered, connection.congested]).toEqual([0, false]);
  });

  it('queues frames that the native buffer would refuse, in order, and reports it once', () => {
    const { connection, client, events } = open();
    client.stall();
    for (const letter of ['a', 'b', 'c', 'd']) connection.send(text(400, letter), false);
    expect([client.held, connection.buffered, connection.congested]).toEqual([800, 1_600, true]);
    expect(events).toEqual(['overflow']);
    client.unstall();
    expect(letters(client)).toEqual(['a400', 'b400', 'c400', 'd400']);
    expect([connection.buffered, connection.congested, events.at(-1)]).toEqual([0, false, 'drain']);
  });

  it('sends a frame beyond the limit when nothing else waits', () => {
    const { connection, client } = open();
    client.stall();
    connection.send(text(5_000, 'a'), false);
    expect(client.held).toBe(5_000);
  });

  it('continues to send when the reader continues to read', () => {
    const { connection, client, events } = open();
    client.stall();
    for (const letter of ['a', 'b', 'c']) connection.send(text(600, letter), false);
    client.read(1);
    expect(letters(client)).toEqual(['a600']);
    expect([client.held, connection.congested, events]).toEqual([600, true, ['overflow']]);
    client.unstall();
    expect(letters(client)).toEqual(['b600', 'c600']);
  });

  it('is cut if the queue exceeds its limit too', () => {
    const { connection, client, events } = open();
    client.stall();
    for (let at = 0; at < 4; at++) connection.send(text(700, 'x'), false);
    expect(events).toEqual(['overflow', 'closed 1006']);
    expect(client.closed?.code).toBe(1006);
    expect(connection.buffered).toBeLessThanOrEqual(2 * LIMIT);
  });

  it('reports a refused publish once until it has drained', () => {
    const { connection, client, events, transport } = open();
    connection.join('t');
    client.stall();
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < 5; at++) transport.publish('t', Buffer.from(text(600, 'x')), false);
      transport.step();
    }
    expect([events, connection.congested]).toEqual([['overflow'], true]);
    client.unstall();
    expect([events, connection.congested]).toEqual([['overflow', 'drain'], false]);
  });

  it('keeps the order of frames and publishes', () => {
    const { connection, client, transport } = open();
    connection.join('t');
    transport.publish('t', Buffer.from('published first'), false);
    connection.send('sent second', false);
    transport.publish('t', Buffer.from('published third'), false);
    transport.step();
    expect(client.take()).toEqual(['published first', 'sent second', 'published third']);
  });

  it('receives nothing from a topic that it left', () => {
    const { connection, client, transport } = open();
    connection.join('t');
    connection.leave('t');
    transport.publish('t', Buffer.from('x'), false);
    transport.step();
    expect(client.take()).toEqual([]);
  });

  it.each<[string, (ends: Heard) => void, number]>([
    ['by the gateway', ({ connection }) => connection.close(4000, 'draining'), 4000],
    ['by the client', ({ client }) => client.cut(), 1006],
  ])('does nothing after it was closed %s', (_, close, code) => {
    const ends = open();
    close(ends);
    const { connection, events } = ends;
    expect(events).toEqual([`closed ${code}`]);
    connection.send('x', false);
    connection.join('t');
    connection.leave('t');
    connection.close(4001, 'again');
    connection.dropped();
    connection.drained();
    expect(connection.buffered).toBe(0);
    expect(events).toEqual([`closed ${code}`]);
  });

  it('sends a close frame with code and reason', () => {
    const { connection, client } = open();
    connection.send('last words', false);
    connection.close(4100, 'token_expired');
    expect(client.take()).toEqual(['last words']);
    expect(client.closed).toEqual({ code: 4100, reason: 'token_expired' });
  });

  it('ends without a close frame after the written data if its buffer is full', () => {
    const { connection, client } = open();
    client.stall();
    connection.send(text(2_000, 'a'), false);
    connection.close(4004, 'slow_reader');
    expect(client.closed).toBeUndefined();
    client.unstall();
    expect(letters(client)).toEqual(['a2000']);
    expect(client.closed?.code).toBe(1006);
  });
});

describe('the native socket in memory', () => {
  it.each<[string, (connection: UwsConnection) => void]>([
    ['leaves a topic', (connection) => connection.leave('t')],
    ['closes', (connection) => connection.close(4000, '')],
  ])('throws if uWebSockets.js would use freed memory: a listener that %s when a frame is refused', (_, misuse) => {
    const ends = open({ overflow: () => misuse(ends.connection) });
    ends.connection.join('t');
    ends.client.stall();
    for (let at = 0; at < 3; at++) ends.transport.publish('t', Buffer.from(text(600, 'x')), false);
    expect(() => ends.transport.step()).toThrow(/use after free/);
  });

  it('loses the rest of a refused batch, and still accepts a large frame', () => {
    const { connection, client, transport } = open();
    connection.join('t');
    client.stall();
    for (const letter of ['a', 'b', 'c', 'd']) transport.publish('t', Buffer.from(text(600, letter)), false);
    transport.publish('t', Buffer.from(text(20_000, 'e')), false);
    client.unstall();
    expect(letters(client)).toEqual(['a600', 'b600', 'e20000']);
  });
});

describe('a connection whose peer has not authenticated', () => {
  function peer(unauthenticated: UnauthenticatedPeers) {
    const calls: string[] = [];
    const socket = {
      getUserData: () => ({ id: 'a', protocol: '', address: '' }),
      getBufferedAmount: () => 0,
      end: () => calls.push('end'),
      close: () => calls.push('close'),
    };
    const connection = new UwsConnection(socket as unknown as NativeSocket, LIMIT, unauthenticated);
    const ignore = () => {};
    const evicted = () => calls.push('evicted');
    connection.listen({
      ...{ frame: ignore, evicted, flooded: ignore },
      ...{ overflow: ignore, drain: ignore, closed: ignore },
    });
    return { connection, calls };
  }

  it('reports why its peer is evicted, and is cut if it was closed before', () => {
    const budget = new ByteBudget(100);
    const unauthenticated = new UnauthenticatedPeers({
      budget,
      each: 100,
      unseen: 10,
      memory: () => 0,
      every: () => () => {},
    });
    const [gone, open, last] = [peer(unauthenticated), peer(unauthenticated), peer(unauthenticated)];
    gone.connection.frame('x', 50);
    open.connection.frame('x', 50);
    gone.connection.close(4_000, '');
    last.connection.frame('x', 100);
    expect([gone.calls, open.calls, last.calls]).toEqual([['end', 'close'], ['evicted'], []]);
  });
});

describe('a connection among many unauthenticated peers', () => {
  const LISTENER: ConnectionListener = {
    frame: () => {},
    evicted: () => {},
    flooded: () => {},
    overflow: () => {},
    drain: () => {},
    closed: () => {},
  };

  function setUp() {
    const calls: string[] = [];
    const budget = new ByteBudget(64_000);
    const unauthenticated = new UnauthenticatedPeers({
      budget,
      each: 1_000,
      unseen: 1_000,
      memory: () => 0,
      every: () => () => {},
    });
    const socket: NativeSocket = {
      getUserData: () => ({ id: 'c', protocol: '', address: '' }),
      getBufferedAmount: () => 0,
      subscribe: () => true,
      unsubscribe: () => true,
      send: () => 1,
      end: () => calls.push('end'),
      close: () => calls.push('close'),
    };
    const connect = () => {
      const connection = new UwsConnection(socket, LIMIT, unauthenticated);
      connection.listen(LISTENER);
      return connection;
    };
    return { budget, calls, connect, unauthenticated };
  }

  it('is closed with a reason, unless there are too many: then their memory is freed at once', () => {
    const { calls, connect, unauthenticated } = setUp();
    const trusted = connect();
    trusted.trust();
    connect().close(1000, 'bye');
    while (!unauthenticated.crowded) connect();
    connect().close(1000, 'bye');
    trusted.close(1000, 'bye');
    expect(calls).toEqual(['end', 'close', 'end']);
  });

  it('releases its budget when it disconnects', () => {
    const { budget, connect, unauthenticated } = setUp();
    const connection = connect();
    connection.frame('x', 700);
    expect([budget.held, unauthenticated.size]).toEqual([700, 1]);
    connection.closed(1006, '');
    expect([budget.held, unauthenticated.size]).toEqual([0, 0]);
  });
});
