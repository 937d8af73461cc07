import { connect, type Socket } from 'node:net';
import { json } from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import type { Dice } from '../../chaos/src/dice.ts';
import { after } from './after.ts';
import { handshake } from './handshake.ts';
import type { Pool, PooledFrame } from './pool.ts';
import { OPCODES, wsFrame } from './ws-frames.ts';

/** What a hostile WebSocket does before it sends nonsense. */
export type Manner = 'connects' | 'never connects' | 'connects late' | 'has a wrong token';
const MANNERS: readonly Manner[] = [
  'connects',
  'connects',
  'connects',
  'never connects',
  'connects late',
  'has a wrong token',
];

/** Ten frames in a row without a command close a connection: with a ping among eight it lives on. */
const PING_EVERY = 8;
const BATCH = 32 * 1024;
/** The id of the last command. Its reply shows that everything before it was read. */
const LAST = 987_654_321;
const LAST_WRITTEN: readonly Buffer[] = [Buffer.from('987654321'), Buffer.from('ce3ade68b1', 'hex')];
/** Milliseconds to wait for that reply; a connection that gets none is closed instead. */
const ANSWERED = 10_000;
/** Milliseconds after which a connection that the gateway has not closed is given up, and counted. */
const PATIENCE = 30_000;

export interface Sent {
  frames: number;
  bytes: number;
  received: number;
  /** Connections that were still open long after their end. */
  unclosed: number;
  /** Answers named `internal`. */
  internal: number;
  readonly byKind: Map<string, number>;
}

export interface PeerOptions {
  readonly port: number;
  readonly dice: Dice;
  readonly pool: Pool;
  readonly token: string;
  readonly sent: Sent;
}

const nothing = (): void => {};

/** One hostile WebSocket from its handshake to its end; it never throws, whatever the gateway does. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  readonly #answered: Promise<void>;
  readonly #welcomed: Promise<void>;
  #open = true;

  constructor(options: PeerOptions) {
    this.#options = options;
    const socket = connect(options.port, '127.0.0.1');
    this.#socket = socket;
    socket.on('error', () => {}); // "close" reports it
    let [welcomed, answered] = [nothing, nothing];
    this.#welcomed = new Promise((resolve) => {
      welcomed = resolve;
    });
    this.#answered = new Promise((resolve) => {
      answered = resolve;
    });
    let tail = Buffer.alloc(0);
    socket.on('data', (data) => {
      options.sent.received += data.length;
      const seen = Buffer.concat([tail, data]);
      if (seen.includes('maxFrame')) welcomed();
      if (LAST_WRITTEN.some((last) => seen.includes(last))) answered();
      tail = seen.subarray(-16);
      if (data.includes('"internal"') || data.includes('\xa8internal', 0, 'latin1')) options.sent.internal++;
    });
    this.#closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#open = false;
        resolve();
      });
    });
  }

  async run(): Promise<void> {
    const { dice, pool, sent } = this.#options;
    const manner = dice.pick(MANNERS);
    const frames = dice.whole(1, dice.next() < 0.2 ? 3_000 : 300);
    const reads = dice.next() > 0.1;
    this.#socket.write(handshake(pool.binary));
    await Promise.race([new Promise((resolve) => this.#socket.once('data', resolve)), this.#closed]);
    if (!reads) this.#socket.pause();
    if (manner === 'connects' || manner === 'has a wrong token')
      this.#command({ type: 'connect', token: this.#token(manner) });
    // Some wait until they are let in, as clients do; others go on while their token is being verified.
    if (manner === 'connects' && reads && dice.next() < 0.8)
      await Promise.race([this.#welcomed, this.#closed, after(ANSWERED)]);
    const late = manner === 'connects late' ? dice.whole(1, 9) : -1;
    for (let at = 0; at < frames && this.#open; ) at = await this.#batch(at, frames, late);
    if (dice.next() < 0.1) {
      this.#socket.destroy();
    } else {
      this.#command({ type: 'ping', id: LAST });
      this.#socket.resume();
      await Promise.race([this.#answered, this.#closed, after(ANSWERED)]);
      if (dice.next() < 0.4) await this.#finish(pool.last(dice));
      else this.#socket.end();
    }
    await this.#end(sent);
  }

  async #finish({ kind, bytes }: PooledFrame): Promise<void> {
    this.#count(kind);
    this.#options.sent.frames++;
    await this.#write([bytes]);
    // Not every mistake closes the connection: then the last command is answered.
    await Promise.race([this.#closed, after(100)]);
    this.#socket.end();
  }

  #count(kind: string): void {
    const { byKind } = this.#options.sent;
    byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  }

  #token(manner: Manner): string {
    return manner === 'connects' ? this.#options.token : 'a.b.c';
  }

  /** Writes frames until there are enough bytes for one write, and waits until they have left. */
  async #batch(from: number, frames: number, late: number): Promise<number> {
    const { dice, pool, sent, token } = this.#options;
    const chunks: Buffer[] = [];
    let size = 0;
    let at = from;
    for (; at < frames && size < BATCH; at++) {
      if (at === late) chunks.push(this.#frame({ type: 'connect', token }));
      if (at % PING_EVERY === 0) chunks.push(this.#frame({ type: 'ping' }));
      const { kind, bytes } = pool.take(dice);
      chunks.push(bytes);
      size += bytes.length;
      this.#count(kind);
    }
    sent.frames += chunks.length;
    await this.#write(chunks);
    return at;
  }

  #frame(command: object): Buffer {
    const { binary } = this.#options.pool;
    const payload = (binary ? msgpack : json).encode({ id: 1, ...command });
    return wsFrame({
      opcode: binary ? OPCODES.binary : OPCODES.text,
      payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    });
  }

  #command(command: object): void {
    this.#options.sent.frames++;
    void this.#write([this.#frame(command)]);
  }

  async #write(chunks: readonly Buffer[]): Promise<void> {
    if (!this.#open || this.#socket.destroyed) return;
    const data = Buffer.concat(chunks);
    this.#options.sent.bytes += data.length;
    if (this.#socket.write(data)) return;
    // A peer that reads nothing may never drain: the gateway closes it, or the peer gives up.
    await Promise.race([new Promise((resolve) => this.#socket.once('drain', resolve)), this.#closed, after(1_000)]);
  }

  async #end(sent: Sent): Promise<void> {
    const patience = after(PATIENCE).then(() => true);
    if ((await Promise.race([this.#closed.then(() => false), patience])) === true) {
      sent.unclosed++;
      this.#socket.destroy();
      await this.#closed;
    }
  }
}
