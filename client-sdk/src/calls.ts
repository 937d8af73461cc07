import type { Codec, Command, CommandType, Failure, Reply, Results } from '@sluice/protocol';
import { refusal, SluiceError } from './errors.ts';
import { packFrame } from './frame.ts';
import { Lane } from './lane.ts';
import { type Cancel, nothing } from './timer.ts';

/** A command without its `id`, which `Calls` gives. */
export type Body<Type extends CommandType> = Omit<Extract<Command, { type: Type }>, 'id'> & { readonly type: Type };

/** What happens with the answer. Called while the frame is being read, so that a reply takes effect before the push behind it. */
export interface Answer<Type extends CommandType = CommandType> {
  resolve?(result: Results[Type]): void;
  reject?(error: SluiceError): void;
  /** Is it asked again on the next connection when this one is lost? Otherwise it is then forgotten. */
  readonly repeat?: boolean;
  /** Does it take its turn among those to the same channel, and is it asked again when the gateway says that it was too much? */
  readonly ordered?: boolean | undefined;
}

interface Call {
  readonly id: number;
  readonly command: Command & { series?: number };
  readonly answer: Answer;
  lane?: Lane<Call>;
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
  readonly #lanes = new Map<string, Lane<Call>>();
  #unsent: Call[] = [];
  #write: ((data: string | Uint8Array) => void) | undefined;
  // In bytes; not known before the token is verified.
  #maxFrame = Number.POSITIVE_INFINITY;
  #lastId = 0;
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** Is there a connection that takes commands? */
  get open(): boolean {
    return !!this.#write;
  }

  /**
   * Asks something, on this connection or the next.
   *
   * @returns forgets the call; a command that has not been sent by then is never sent
   */
  start<Type extends CommandType>(body: Body<Type>, answer: Answer<Type> = {}): Cancel {
    if (this.ended) {
      answer.reject?.(this.ended);
      return nothing;
    }
    const id = ++this.#lastId;
    const call = { id, command: { ...body, id } as unknown as Command, answer };
    this.#enqueue(call);
    return () => this.#forget(call);
  }

  /**
   * A WebSocket has opened: sends one frame with what `greet` asks, then everything that is asked again. What does not
   * fit waits for `release`, because the gateway takes only so much before it has verified the token. SPEC.md section 8.1.
   */
  begin(write: (data: string | Uint8Array) => void, greet: () => void): void {
    const again = this.#takeAll();
    this.#write = write;
    greet();
    for (const call of again) this.#enqueue(call);
    this.#flush();
  }

  /** The connection is authenticated: sends the rest. */
  release(maxFrame: number): void {
    this.#maxFrame = maxFrame;
    this.#flush();
  }

  /** A copy of something, as it arrives at the other end; throws what the codec throws. */
  copy<Value>(value: Value): Value {
    return this.#codec.decode(this.#codec.encode(value)) as Value;
  }

  /** Hands an answer to the one who asked. */
  settle(message: Reply | Failure): void {
    const call = this.#waiting.get(message.id ?? 0);
    if (!call) return;
    const { answer, lane } = call;
    if (message.type === 'reply') {
      this.#forget(call);
      answer.resolve?.(message.result as never);
      return;
    }
    const { retryable, retryAfter } = message.error;
    if (lane && retryable && retryAfter !== undefined) lane.again(call, retryAfter);
    else this.#reject(call, new SluiceError(message.error));
  }

  /** The connection is gone: keeps what is asked again. */
  lose(): void {
    this.#write = undefined;
    this.#maxFrame = Number.POSITIVE_INFINITY;
    this.#unsent = [];
    for (const lane of this.#lanes.values()) lane.stop();
    this.#lanes.clear();
    for (const [id, call] of this.#waiting) if (!call.answer.repeat) this.#waiting.delete(id);
  }

  /** No answer will ever come: rejects everything. */
  end(error: SluiceError): void {
    this.ended = error;
    this.lose();
    for (const call of this.#takeAll()) call.answer.reject?.(error);
  }

  #takeAll(): Call[] {
    const calls = [...this.#waiting.values()];
    this.#waiting.clear();
    return calls;
  }

  #enqueue(call: Call): void {
    this.#waiting.set(call.id, call);
    if (!this.#write) return;
    if (!call.answer.ordered) {
      this.#send(call);
      return;
    }
    const channel = channelOf(call);
    const lane =
      this.#lanes.get(channel) ??
      new Lane((turn) => {
        turn.command.series = lane.series;
        this.#send(turn);
      });
    call.lane = lane;
    this.#lanes.set(channel, lane);
    lane.add(call);
  }

  #forget(call: Call): void {
    if (!this.#waiting.delete(call.id) || !call.lane?.done(call)) return;
    call.lane.stop();
    this.#lanes.delete(channelOf(call));
  }

  #reject(call: Call, error: SluiceError): void {
    this.#forget(call);
    call.answer.reject?.(error);
  }

  // What does not fit into the first frame waits until the token is verified, and `maxFrame` is known.
  #send(call: Call): void {
    this.#unsent.push(call);
    queueMicrotask(() => {
      if (this.#maxFrame < Number.POSITIVE_INFINITY) this.#flush();
    });
  }

  #flush(): void {
    const limit = Math.min(FRAME, this.#maxFrame);
    do {
      // Those that were aborted before they could be sent are no longer waiting.
      const calls = this.#unsent.filter((call) => this.#waiting.has(call.id));
      const [first] = calls;
      if (!this.#write || !first) return;
      const commands = calls.map((call) => call.command);
      const { data, size, count } = packFrame(commands, { codec: this.#codec, limit });
      this.#unsent = calls.slice(count);
      // The gateway would close the connection for good, and with it everything else that is going on.
      if (size > this.#maxFrame) {
        this.#reject(first, refusal(4309, 'payload_too_large', `${size} bytes; the gateway takes ${this.#maxFrame}.`));
      } else this.#write(data);
    } while (this.#maxFrame < Number.POSITIVE_INFINITY);
  }
}

function channelOf({ command }: Call): string {
  return (command as Extract<Command, { type: 'publish' }>).channel;
}
