import type { Codec, Command, CommandType, Failure, Reply, Results } from '@sluice/protocol';
import { SluiceError } from './errors.ts';
import { packFrame } from './frame.ts';
import type { Cancel } from './timer.ts';

/** A command without its `id`, which `Calls` gives. */
export type Body<Type extends CommandType> = Omit<Extract<Command, { type: Type }>, 'id'> & { readonly type: Type };

/** What happens with the answer. Called while the frame is being read, so that a reply takes effect before the push behind it. */
export interface Answer<Type extends CommandType = CommandType> {
  resolve?(result: Results[Type]): void;
  reject?(error: SluiceError): void;
  /** Is it asked again on the next connection when this one is lost? Otherwise it is then forgotten. */
  readonly repeat?: boolean;
}

interface Call {
  readonly command: Command;
  readonly answer: Answer;
}

// The first frame travels before `maxFrame` is known; the default is 128 KiB. SPEC.md section 2.
const FRAME = 100_000;

/**
 * The commands that have not been answered, in the order in which they go out. Commands of the same turn share a frame.
 */
export class Calls {
  /** Why no command is taken any more; `undefined` while the client is not closed. */
  ended: SluiceError | undefined;
  #waiting = new Map<number, Call>();
  #unsent: Call[] = [];
  #write: ((data: string | Uint8Array) => void) | undefined;
  #held = true;
  #scheduled = false;
  #maxFrame = Number.POSITIVE_INFINITY;
  #lastId = 0;
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** Is there a connection that takes commands? */
  get open(): boolean {
    return this.#write !== undefined;
  }

  /**
   * Asks something, on this connection or the next.
   *
   * @returns forgets the call; a command that has not been sent by then is never sent
   */
  start<Type extends CommandType>(body: Body<Type>, answer: Answer<Type> = {}): Cancel {
    if (this.ended) {
      answer.reject?.(this.ended);
      return () => {};
    }
    const command = { ...body, id: ++this.#lastId } as unknown as Command;
    this.#enqueue({ command, answer });
    return () => void this.#waiting.delete(command.id);
  }

  /**
   * A WebSocket has opened: sends one frame with what `greet` asks, then everything that is asked again. What does not
   * fit waits for `release`, because the gateway takes only so much before it has verified the token. SPEC.md section 8.1.
   */
  begin(write: (data: string | Uint8Array) => void, greet: () => void): void {
    const again = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#write = write;
    greet();
    for (const call of again) this.#enqueue(call);
    this.#flush();
  }

  /** The connection is authenticated: sends the rest. */
  release(maxFrame: number): void {
    this.#maxFrame = maxFrame;
    this.#held = false;
    this.#flush();
  }

  /** Hands an answer to the one who asked. */
  settle(message: Reply | Failure): void {
    const call = this.#waiting.get(message.id ?? 0);
    if (call === undefined) return;
    this.#waiting.delete(call.command.id);
    if (message.type === 'reply') call.answer.resolve?.(message.result as never);
    else call.answer.reject?.(new SluiceError(message.error));
  }

  /** The connection is gone: keeps what is asked again. */
  lose(): void {
    this.#write = undefined;
    this.#held = true;
    this.#unsent = [];
    for (const [id, call] of this.#waiting) if (!call.answer.repeat) this.#waiting.delete(id);
  }

  /** No answer will ever come: rejects everything. */
  end(error: SluiceError): void {
    this.ended = error;
    this.lose();
    const calls = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const call of calls) call.answer.reject?.(error);
  }

  #enqueue(call: Call): void {
    this.#waiting.set(call.command.id, call);
    if (!this.#write) return;
    this.#unsent.push(call);
    if (this.#held || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#held) this.#flush();
    });
  }

  #flush(): void {
    const limit = Math.min(FRAME, this.#maxFrame);
    do {
      // Those that were aborted before they could be sent are no longer waiting.
      const calls = this.#unsent.filter((call) => this.#waiting.has(call.command.id));
      const [first] = calls;
      if (!this.#write || first === undefined) return;
      const commands = calls.map((call) => call.command);
      const { data, size, count } = packFrame(commands, { codec: this.#codec, limit });
      this.#unsent = calls.slice(count);
      if (size > this.#maxFrame) this.#refuse(first, size);
      else this.#write(data);
    } while (!this.#held);
  }

  // The gateway would close the connection for good, and with it everything else that is going on.
  #refuse(call: Call, size: number): void {
    this.#waiting.delete(call.command.id);
    const message = `The ${call.command.type} takes ${size} bytes; the gateway takes frames of ${this.#maxFrame}.`;
    call.answer.reject?.(new SluiceError({ code: 4309, name: 'payload_too_large', message, retryable: false }));
  }
}
