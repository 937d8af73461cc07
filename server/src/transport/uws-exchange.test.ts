import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../util/byte-budget.ts';
import { TurnCount } from '../util/turn-count.ts';
import type { HttpReply, HttpSide, Request, RequestHead, StreamBody } from './http.ts';
import { RequestQueue } from './request-queue.ts';
import { type NativeResponse, UwsExchange } from './uws-exchange.ts';

/**
 * A native response in memory: it throws when the real one does, and buffers what its reader does
 * not read.
 */
class FakeResponse {
  written = '';
  /** Bytes that the reader reads at once. */
  room = Number.POSITIVE_INFINITY;
  state: 'pending' | 'done' | 'closed' = 'pending';
  paused = false;
  closes = false;
  used = 0;
  #aborted: () => void = () => {};
  #onData: ((piece: ArrayBuffer, isLast: boolean) => void) | undefined;
  #onWritable: ((offset: number) => boolean) | undefined;
  #offset = 0;

  #use(): void {
    if (this.state !== 'pending') throw new Error('uWS.HttpResponse must not be accessed');
    this.used++;
  }
  onAborted(task: () => void): void {
    this.#use();
    this.#aborted = task;
  }
  onData(task: (piece: ArrayBuffer, isLast: boolean) => void): void {
    this.#use();
    this.#onData = task;
  }
  onWritable(task: (offset: number) => boolean): void {
    this.#use();
    this.#onWritable = task;
  }
  pause(): void {
    this.#use();
    this.paused = true;
  }
  resume(): void {
    this.#use();
    this.paused = false;
  }
  cork(task: () => void): void {
    this.#use();
    task();
  }
  writeStatus(status: string): void {
    this.#use();
    this.written += `${status}\n`;
  }
  writeHeader(name: string, value: string): void {
    this.#use();
    this.written += `${name}: ${value}\n`;
  }
  getWriteOffset(): number {
    this.#use();
    return this.#offset;
  }
  tryEnd(piece: Uint8Array | string, size: number): [boolean, boolean] {
    this.#use();
    const bytes = Buffer.from(piece as Uint8Array);
    const taken = Math.min(bytes.length, this.room);
    this.room -= taken;
    this.#offset += taken;
    this.written += bytes.toString('latin1', 0, taken);
    if (this.#offset === size) this.state = 'done';
    return [taken === bytes.length, this.state === 'done'];
  }
  end(body: Uint8Array | string, closes = false): void {
    this.#use();
    this.written += Buffer.from(body as Uint8Array).toString('latin1');
    this.closes = closes;
    this.state = 'done';
  }
  endWithoutBody(): void {
    this.#use();
    this.state = 'done';
  }
  close(): void {
    this.#use();
    this.hangUp();
  }

  /** The client sends a piece of the body. */
  data(text: string, isLast = false): void {
    this.#onData?.(Uint8Array.from(Buffer.from(text)).buffer, isLast);
  }
  /** Was the body requested? */
  get wanted(): boolean {
    return this.#onData !== undefined;
  }
  /** The client reads this many bytes more. */
  read(bytes: number): void {
    this.room += bytes;
    this.#onWritable?.(this.#offset);
  }
  hangUp(): void {
    this.state = 'closed';
    this.#aborted();
  }
}

const EXPIRED = 0.5;

function setUp(
  head: Partial<RequestHead>,
  side: Partial<HttpSide> = {},
  random = EXPIRED,
  pieces = new TurnCount(() => {}),
) {
  const turns: (() => void)[] = [];
  const response = new FakeResponse();
  const budget = new ByteBudget(1_000_000);
  const queue = new RequestQueue((task) => turns.push(task));
  const full: RequestHead = {
    ...{ method: 'GET', path: '/', query: new URLSearchParams(), headers: new Map(), address: '', bodyLength: 0 },
    ...head,
  };
  const whole: HttpSide = { wantsBody: () => 'claimed', handle: () => ({ status: 200, body: 'hello' }), ...side };
  const faults: unknown[] = [];
  const bodies = { known: budget, claimed: budget, pieces };
  const parts = { queue, bodies, random: () => random, failed: (error: unknown) => faults.push(error) };
  const exchange = new UwsExchange(response as unknown as NativeResponse, full, parts, whole);
  exchange.carryOut(whole);
  const turn = async () => {
    for (const task of turns.splice(0)) task();
    await new Promise(setImmediate);
  };
  return { response, budget, turn, faults };
}

describe('a request', () => {
  it('is executed in a later turn', async () => {
    let handled = 0;
    const { response, turn } = setUp({}, { handle: () => ({ status: 200, body: String(++handled) }) });
    expect([handled, response.written]).toEqual([0, '']);
    await turn();
    expect([handled, response.state]).toEqual([1, 'done']);
  });

  it.each<[string, Partial<HttpSide>]>([
    ['is asked', { handle: () => Promise.reject(new Error('broken')) }],
    [
      'is written',
      {
        handle: () => ({
          status: 200,
          get body(): string {
            throw new Error('broken');
          },
        }),
      },
    ],
  ])('that fails while it %s is reported, and its connection is closed', async (_, side) => {
    const { response, turn, faults } = setUp({}, side);
    await turn();
    expect([faults, response.state]).toEqual([[new Error('broken')], 'closed']);
  });

  it('whose stream cannot begin is reported, and the stream is abandoned', async () => {
    let abandoned = 0;
    const stream: StreamBody = {
      filler: ':',
      open: () => {
        throw new Error('broken');
      },
      abandon: () => abandoned++,
    };
    const { response, turn, faults } = setUp({}, { handle: () => ({ status: 200, stream }) });
    await turn();
    expect([faults, response.state, abandoned]).toEqual([[new Error('broken')], 'closed', 1]);
  });

  it('is not executed if its client has disconnected by then', async () => {
    let handled = 0;
    const { response, turn } = setUp({}, { handle: () => ({ status: 200, body: String(++handled) }) });
    response.hangUp();
    const { used } = response;
    await turn();
    expect([handled, response.used]).toEqual([0, used]);
  });

  it.each(['an answer', 'a refusal of our own'])(
    'is not used after its client has disconnected, if %s comes late',
    async (what) => {
      let answer: (reply: HttpReply) => void = () => {};
      const handle = () =>
        new Promise<HttpReply>((resolve) => {
          answer = resolve;
        });
      const { response, turn } = setUp({}, { handle });
      await turn();
      response.hangUp();
      const { used } = response;
      answer(what === 'an answer' ? { status: 200, body: 'late' } : { status: 500 });
      await turn();
      expect([response.used, response.written]).toEqual([used, '']);
    },
  );

  it('reports once that its client has disconnected before it was answered, even if nobody listened then', async () => {
    let calls = 0;
    const { response, turn } = setUp(
      {},
      {
        handle: (request) =>
          new Promise(() => {
            request.onDisconnect?.(() => calls++);
          }),
      },
    );
    await turn();
    expect(calls).toBe(0);
    response.hangUp();
    expect(calls).toBe(1);

    let listen = () => {};
    const late = setUp(
      {},
      {
        handle: (request) => {
          listen = () => request.onDisconnect?.(() => calls++);
          return new Promise(() => {});
        },
      },
    );
    await late.turn();
    late.response.hangUp();
    listen();
    expect(calls).toBe(2);
  });

  it('does not report a client that disconnects after its answer', async () => {
    let calls = 0;
    const { response, turn } = setUp(
      {},
      {
        handle: (request) => {
          request.onDisconnect?.(() => calls++);
          return { status: 200, stream: { filler: ' ', open: () => ({ drained() {}, closed() {} }), abandon() {} } };
        },
      },
    );
    await turn();
    response.hangUp();
    expect(calls).toBe(0);
  });

  it('never stores a body that is not wanted, and ends its connection', async () => {
    const { response, budget, turn } = setUp({ method: 'POST', bodyLength: 900_000 }, { wantsBody: () => null });
    expect(response.wanted).toBe(false);
    await turn();
    expect([budget.held, response.closes]).toEqual([0, true]);
  });

  const echo: Partial<HttpSide> = {
    handle: async (request: Request) => {
      const body = await request.readBody();
      return { status: 200, body: typeof body === 'string' ? body : Buffer.from(body).toString('latin1') };
    },
  };

  it('reads its body once it is requested', async () => {
    let read: () => void = () => {};
    const known = new Promise<void>((resolve) => {
      read = resolve;
    });
    const { response, budget, turn } = setUp(
      { method: 'POST', bodyLength: 10 },
      {
        handle: async (request) => {
          await known;
          return echo.handle?.(request) ?? { status: 500 };
        },
      },
    );
    response.data('12345');
    await turn();
    expect([response.paused, response.written]).toEqual([true, '']);
    read();
    await turn();
    expect(response.paused).toBe(false);
    response.data('67890', true);
    await turn();
    expect(response.written).toMatch(/\n1234567890$/);
    expect([response.closes, budget.held]).toEqual([false, 0]);
  });

  it('is not paused if the body arrived with its head', async () => {
    const { response, turn } = setUp({ method: 'POST', bodyLength: 5 }, echo);
    response.data('12345', true);
    await turn();
    expect([response.paused, response.state]).toEqual([false, 'done']);
  });

  it('frees the memory if its client disconnects in the middle of the body', async () => {
    const { response, budget, turn } = setUp({ method: 'POST', bodyLength: 10 }, echo);
    response.data('12345');
    await turn();
    expect(budget.held).toBeGreaterThan(0);
    response.hangUp();
    const { used } = response;
    await turn();
    expect([budget.held, response.used]).toEqual([0, used]);
  });

  it.each([
    [8_191, Number.POSITIVE_INFINITY, true],
    [8_192, Number.POSITIVE_INFINITY, false],
    [8_192, 5, true],
  ])('may have a body after %i pieces in one turn, of length %f: %s', async (count, bodyLength, may) => {
    const pieces = new TurnCount(() => {});
    for (let at = 0; at < count; at++) pieces.add();
    const { response, turn } = setUp({ method: 'POST', bodyLength }, echo, EXPIRED, pieces);
    expect(response.wanted).toBe(may);
    response.data('12345', true);
    await turn();
    expect(response.written).toContain(may ? '12345' : 'no_room');
  });

  it('without a body has an empty one', async () => {
    const { response, turn } = setUp({ method: 'POST' }, echo);
    await turn();
    expect(response.written).toContain('Content-Length: 0');
  });
});

describe('a response', () => {
  const answered = async (reply: HttpReply, head: Partial<RequestHead> = {}, random = EXPIRED) => {
    const { response, turn } = setUp(head, { handle: () => reply }, random);
    await turn();
    return response;
  };

  it('is pending until its reader has read all of it', async () => {
    const { response, turn } = setUp({}, { handle: () => ({ status: 200, body: 'x'.repeat(100) }) });
    response.room = 40;
    await turn();
    expect(response.state).toBe('pending');
    response.read(59);
    expect(response.state).toBe('pending');
    response.read(1);
    expect(response.state).toBe('done');
    expect(response.written.match(/x/g)).toHaveLength(100);
  });

  it.each([1, 2, 100])('of %i bytes is pending while the last byte is not read', async (size) => {
    const { response, turn } = setUp({}, { handle: () => ({ status: 200, body: 'x'.repeat(size) }) });
    response.room = size - 1;
    await turn();
    expect(response.state).toBe('pending');
    response.read(1);
    expect(response.state).toBe('done');
  });

  it.each<[string, number, HttpReply]>([
    ['HEAD', 200, { status: 200, body: 'hello' }],
    ['GET', 304, { status: 304, body: 'hello' }],
  ])('to %s with %i has a length and no body', async (method, _, reply) => {
    const response = await answered(reply, { method });
    expect(response.written).toContain('Content-Length: 5\n');
    expect(response.written).not.toContain('hello');
    expect(response.written).toContain('Keep-Alive: timeout=7\n');
  });

  it('without a body ends the connection from time to time, because reading it cannot be detected', async () => {
    const reply = { status: 200, body: 'hello' };
    const kept = await answered(reply, { method: 'HEAD' }, 1 / 256);
    expect([kept.state, kept.written.includes('Connection: close')]).toEqual(['done', false]);
    const ended = await answered(reply, { method: 'HEAD' }, 0.99 / 256);
    expect([ended.state, ended.written.includes('Connection: close')]).toEqual(['closed', true]);
    expect((await answered({ status: 200 }, {}, 0)).closes).toBe(true);
    expect((await answered(reply, {}, 0)).closes).toBe(false);
  });

  it('is not written at once if it is large and ends its connection', async () => {
    const close = new Map([['connection', 'close']]);
    const small = await answered({ status: 200, body: 'x'.repeat(65_536) }, { headers: close });
    expect(small.closes).toBe(true);
    const { response, turn } = setUp({ headers: close }, { handle: () => ({ status: 200, body: 'x'.repeat(65_537) }) });
    response.room = 1_000;
    await turn();
    expect([response.state, response.written.includes('Connection: close')]).toEqual(['pending', true]);
  });
});
