import { type Codec, type Command, type CommandType, json, type Results, type ServerMessage } from '@sluice/protocol';
import { vi } from 'vitest';
import type { Client, ClientOptions } from '../../src/api.ts';
import { createClient } from '../../src/client.ts';
import './loaded-parts.ts';
import type { WebSocketConstructor, WebSocketLike } from '../../src/socket.ts';

type Handler<Event> = ((event: Event) => void) | null;

/** A WebSocket whose peer is the test. */
export class FakeSocket implements WebSocketLike {
  binaryType = 'blob';
  onopen: Handler<unknown> = null;
  onmessage: Handler<{ data: unknown }> = null;
  onclose: Handler<{ code: number; reason: string }> = null;
  onerror: Handler<unknown> = null;
  /** Frames as the client sent them, each an array of commands. */
  readonly frames: Command[][] = [];
  /** The code with which the client closed it. */
  closedWith: number | undefined;
  readonly #codec: Codec;
  #opened = false;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  send(data: string | Uint8Array): void {
    const frame = this.#codec.decode(data) as Command | Command[];
    this.frames.push(Array.isArray(frame) ? frame : [frame]);
  }

  close(code?: number): void {
    this.closedWith ??= code ?? 1005;
  }

  get commands(): Command[] {
    return this.frames.flat();
  }

  /** All commands of one type that were sent. */
  sent<Type extends CommandType>(type: Type): Extract<Command, { type: Type }>[] {
    return this.commands.filter((command): command is Extract<Command, { type: Type }> => command.type === type);
  }

  /** The latest command of a type. */
  last<Type extends CommandType>(type: Type): Extract<Command, { type: Type }> {
    const command = this.sent(type).at(-1);
    if (command === undefined) throw new Error(`the client has sent no ${type}`);
    return command;
  }

  /** Completes the handshake, once. */
  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.onopen?.({});
  }

  /** Sends one frame of the gateway. */
  push(...messages: ServerMessage[]): void {
    const data = this.#codec.encode(messages.length === 1 ? messages[0] : messages);
    this.onmessage?.({ data: typeof data === 'string' ? data : data.slice().buffer });
  }

  reply<Type extends CommandType>(type: Type, result: Results[Type]): void {
    this.push({ type: 'reply', id: this.last(type).id, result });
  }

  refuse(
    type: CommandType,
    name: string,
    extra: { code?: number; retryable?: boolean; retryAfter?: number } = {},
  ): void {
    const error = { code: 4306, name, message: `refused: ${name}`, retryable: false, ...extra };
    this.push({ type: 'error', id: this.last(type).id, error });
  }

  /** The peer closes the connection. */
  drop(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason });
  }

  /** Opens it and accepts `connect`. */
  async accept(result: Partial<Results['connect']> = {}): Promise<this> {
    this.open();
    this.reply('connect', {
      connection: 'c1',
      user: 'ada',
      time: Date.now(),
      heartbeat: 25_000,
      maxFrame: 131_072,
      ...result,
    });
    await turn();
    return this;
  }

  /** Accepts the latest subscribe. */
  subscribed(offset = 0, state: 'live' | 'replaying' = 'live', epoch = 'e1'): void {
    this.reply('subscribe', { epoch, offset, state });
  }

  /** Messages with these offsets, each with its offset as data. */
  messages(channel: string, offsets: readonly number[], { epoch = 'e1', time = Date.now() } = {}): void {
    const messages = offsets.map((offset) => wireMessage(offset, { epoch, time }));
    this.push({ type: 'messages', channel, epoch, messages });
  }
}

export function wireMessage(offset: number, { epoch = 'e1', time = 0 } = {}) {
  return { id: `${epoch}-${offset}`, offset, time, data: offset };
}

/** Every WebSocket that a client opened. */
export class FakeGateway {
  readonly sockets: FakeSocket[] = [];
  readonly requests: { url: string; protocols: string | string[] | undefined }[] = [];
  readonly WebSocket: WebSocketConstructor;
  readonly codec: Codec;

  constructor(codec: Codec = json) {
    this.codec = codec;
    const { sockets, requests } = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(codec);
        requests.push({ url: String(url), protocols });
        sockets.push(this);
      }
    };
  }

  /** The newest WebSocket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('the client has opened no WebSocket');
    return socket;
  }

  client(options: Partial<ClientOptions> = {}): Client {
    return createClient({ url: 'ws://gateway.test/ws', WebSocket: this.WebSocket, codec: this.codec, ...options });
  }
}

/** Runs everything that is due now: microtasks and timers of 0 ms. */
export async function turn(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Advances time. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}
