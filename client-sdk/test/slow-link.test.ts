import type { Command, ServerMessage } from '@sluice/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../src/client.ts';
import type { WebSocketConstructor } from '../src/socket.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, FakeSocket, pass, turn } from './support/fake-gateway.ts';

/** How a link delays frames. */
interface Line {
  /** Milliseconds one way. */
  readonly delay: number;
  /** Bytes per millisecond. */
  readonly rate: number;
  /** Milliseconds of delay for a lost packet, by frame number. */
  readonly loss: (frame: number) => number;
}

const BYTES_PER_MS = 50_000 / 8 / 1000;

const LINES: Readonly<Record<string, Line>> = {
  'round trips of 1.5 s': { delay: 750, rate: Number.POSITIVE_INFINITY, loss: () => 0 },
  '50 kbit/s': { delay: 50, rate: BYTES_PER_MS, loss: () => 0 },
  '20 % loss': { delay: 100, rate: Number.POSITIVE_INFINITY, loss: (n) => (n % 5 === 0 ? 400 : 0) },
  'all of these': { delay: 750, rate: BYTES_PER_MS, loss: (n) => (n % 5 === 0 ? 1500 : 0) },
};

/** A gateway at the other end of the link. It answers frames when they arrive. */
class SlowSocket extends FakeSocket {
  static readonly all: SlowSocket[] = [];
  readonly #line: Line;
  #frames = 0;
  // The time at which the link is free, in each direction.
  readonly #free = { up: 0, down: 0 };

  constructor(line: Line) {
    super(new FakeGateway().codec);
    this.#line = line;
    SlowSocket.all.push(this);
    // TCP, TLS and the WebSocket handshake.
    setTimeout(() => this.open(), 6 * line.delay);
  }

  override send(data: string | Uint8Array): void {
    super.send(data);
    const commands = this.frames.at(-1) ?? [];
    this.#travel('up', data.length, () => this.#answer(commands));
  }

  /** A push that arrives after the link's delay. */
  deliver(...messages: ServerMessage[]): void {
    this.#travel('down', JSON.stringify(messages).length, () => {
      if (this.closedWith === undefined) this.push(...messages);
    });
  }

  #answer(commands: readonly Command[]): void {
    for (const { type, id } of commands) {
      const result =
        type === 'connect'
          ? { connection: 'c', user: 'ada', time: Date.now(), heartbeat: 25_000, maxFrame: 131_072 }
          : type === 'subscribe'
            ? { epoch: 'e1', offset: 0, state: 'live' }
            : { id: 'm', epoch: 'e1', offset: 1 };
      this.deliver({ type: 'reply', id, result: result as never });
    }
  }

  #travel(way: 'up' | 'down', bytes: number, arrive: () => void): void {
    const { delay, rate, loss } = this.#line;
    // In order: frames after a lost packet wait for it.
    this.#free[way] = Math.max(this.#free[way], Date.now()) + bytes / rate + loss(++this.#frames);
    setTimeout(arrive, this.#free[way] + delay - Date.now());
  }
}

function slowClient(line: Line) {
  SlowSocket.all.length = 0;
  const WebSocket = class extends SlowSocket {
    constructor() {
      super(line);
    }
  } as unknown as WebSocketConstructor;
  const client = createClient({ url: 'ws://gateway.test/ws', WebSocket });
  client.on('state', () => {});
  client.connect().catch(() => {});
  return client;
}

let page: EventTarget & { hidden: boolean };

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal('document', page);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
});

afterEach(restoreGlobals);

describe.each(Object.entries(LINES))('a slow but live link with %s', (_, line) => {
  it('connects at the first attempt', async () => {
    const client = slowClient(line);
    await pass(15_000);
    expect([client.state, SlowSocket.all.length]).toEqual(['connected', 1]);
    client.close();
  });

  it('is not closed after silence', async () => {
    const client = slowClient(line);
    await pass(300_000);
    expect([client.state, SlowSocket.all.length]).toEqual(['connected', 1]);
    expect(SlowSocket.all[0]?.sent('ping').length).toBeGreaterThan(5);
    client.close();
  });

  it.each(['visibilitychange', 'pageshow', 'online', 'resume'])(
    'is not closed when the page wakes: %s',
    async (type) => {
      const client = slowClient(line);
      await pass(20_000);
      for (let n = 0; n < 20; n++) {
        page.dispatchEvent(new Event(type));
        await pass(7000);
      }
      expect([client.state, SlowSocket.all.length]).toEqual(['connected', 1]);
      client.close();
    },
  );

  it('is not closed if the page wakes while connecting', async () => {
    const client = slowClient(line);
    for (let n = 0; n < 15; n++) {
      await pass(1000);
      page.dispatchEvent(new Event('visibilitychange'));
    }
    await pass(5000);
    expect([client.state, SlowSocket.all.length]).toEqual(['connected', 1]);
    client.close();
  });

  it('transfers publishes, and repeats them after a small first frame', async () => {
    const client = slowClient(line);
    await pass(20_000);
    const published = Array.from({ length: 30 }, (_, n) =>
      client.channel('a').publish(`${n}`.padEnd(2000, 'x'), { timeout: 120_000 }),
    );
    await turn();
    SlowSocket.all[0]?.drop();
    await pass(100_000);
    expect(await Promise.all(published)).toHaveLength(30);
    expect(SlowSocket.all).toHaveLength(2);
    // `connect` must arrive within the gateway's limit of five seconds.
    expect(JSON.stringify(SlowSocket.all[1]?.frames[0]).length).toBeLessThan(16_100);
    client.close();
  });
});

it('gets more time for a large frame on the next connection, without a retry storm', async () => {
  const line = LINES['50 kbit/s'] as Line;
  const client = slowClient(line);
  await pass(20_000);
  client.channel('a').subscribe(() => {});
  await pass(5000);
  const large = () => {
    const messages = [{ id: 'm', offset: 1, time: 0, data: 'x'.repeat(300_000) }];
    SlowSocket.all.at(-1)?.deliver({ type: 'messages', channel: 'a', epoch: 'e1', messages });
  };
  large();
  await pass(60_000);
  // The link seemed dead during the 48 s of the frame's transfer.
  expect(SlowSocket.all).toHaveLength(2);
  large();
  await pass(60_000);
  expect([client.state, SlowSocket.all.length]).toEqual(['connected', 2]);
  client.close();
});
