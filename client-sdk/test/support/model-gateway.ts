import type { GapReason, Position } from '@sluice/protocol';
import type { FakeSocket } from './fake-gateway.ts';
import { wireMessage } from './fake-gateway.ts';

/**
 * A gateway with one channel (SPEC.md section 7) that repeats, trims, restarts and skips as the
 * test requests.
 */
export class ModelGateway {
  readonly channel = 'a';
  epoch = 1;
  first = 1;
  head = 0;
  /** The position of the current connection's cursor. */
  #cursor: Position | undefined;
  #answered = 0;

  publish(count: number): void {
    this.head += count;
  }

  /** The log loses its oldest messages. */
  trim(count: number): void {
    this.first = Math.min(this.head + 1, this.first + count);
  }

  /** The log starts a new life. */
  restart(): void {
    this.epoch++;
    this.first = 1;
    this.head = 0;
  }

  /** A new connection. */
  begin(): void {
    this.#cursor = undefined;
    this.#answered = 0;
  }

  /** Answers all unanswered commands. */
  answer(socket: FakeSocket): void {
    const commands = socket.commands.slice(this.#answered);
    this.#answered += commands.length;
    for (const command of commands) {
      if (command.type === 'subscribe') this.#subscribe(socket, command.id, command);
      if (command.type === 'history') this.#history(socket, command.id, command);
      if (command.type === 'unsubscribe') {
        this.#cursor = undefined;
        socket.push({ type: 'reply', id: command.id, result: {} });
      }
    }
  }

  /** Sends messages after the cursor, and possibly some before it again. */
  deliver(socket: FakeSocket, { repeat = 0, most = Number.POSITIVE_INFINITY, split = 1 } = {}): void {
    this.#jump(socket);
    if (!this.#cursor) return;
    const last = Math.min(this.head, this.#cursor.offset + most);
    const from = Math.max(1, this.first, this.#cursor.offset + 1 - repeat);
    for (let offset = from; offset <= last; offset += split) {
      const until = Math.min(last, offset + split - 1);
      socket.messages(this.channel, range(offset, until), { epoch: this.name });
    }
    this.#cursor = { epoch: this.name, offset: Math.max(this.#cursor.offset, last) };
  }

  /** Skips a slow reader's cursor to the newest message. The gap contains every n-th message in between. */
  skip(socket: FakeSocket, { every = 0 } = {}): void {
    this.#jump(socket);
    if (!this.#cursor || this.#cursor.offset >= this.head) return;
    const missed = range(this.#cursor.offset + 1, this.head);
    this.#gap(socket, this.head, 'slow_reader', every ? missed.filter((offset) => offset % every === 0) : undefined);
  }

  get name(): string {
    return `e${this.epoch}`;
  }

  #subscribe(
    socket: FakeSocket,
    id: number,
    { position, rewind }: { position?: Position | undefined; rewind?: number | undefined },
  ): void {
    // Frames of an earlier subscription that were still in flight.
    if (this.head > 0) socket.messages(this.channel, [this.head], { epoch: this.name });
    const start = rewind === undefined ? this.head : Math.max(this.first - 1, this.head - rewind);
    this.#cursor = position ?? { epoch: this.name, offset: start };
    socket.push({ type: 'reply', id, result: { ...this.#cursor, state: 'replaying' } });
  }

  #history(
    socket: FakeSocket,
    id: number,
    { before = this.head + 1, limit = 100 }: { before?: number; limit?: number },
  ): void {
    // Small pages, to have many of them.
    const from = Math.max(this.first, before - Math.min(limit, 3));
    const messages = range(from, Math.min(this.head, before - 1)).map((offset) =>
      wireMessage(offset, { epoch: this.name }),
    );
    socket.push({ type: 'reply', id, result: { epoch: this.name, head: this.head, first: this.first, messages } });
  }

  /** Sends the gap if the log does not reach back to the cursor. */
  #jump(socket: FakeSocket): void {
    if (!this.#cursor) return;
    if (this.#cursor.epoch !== this.name) this.#gap(socket, this.first - 1, 'epoch_changed');
    else if (this.#cursor.offset < this.first - 1) this.#gap(socket, this.first - 1, 'retention');
  }

  #gap(socket: FakeSocket, offset: number, reason: GapReason, latest?: readonly number[]): void {
    if (!this.#cursor) return;
    const to = { epoch: this.name, offset };
    const messages = latest?.map((one) => wireMessage(one, { epoch: this.name, time: Date.now() }));
    const push = { type: 'gap', channel: this.channel, from: this.#cursor, to, reason } as const;
    socket.push(messages ? { ...push, latest: messages } : push);
    this.#cursor = to;
  }
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n);
}
