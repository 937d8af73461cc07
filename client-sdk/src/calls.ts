import type { Codec, Command, CommandType, Failure, Reply, Results } from '@sluice/protocol';
import { PAYLOAD_INVALID, PAYLOAD_TOO_LARGE } from './codes.ts';
import { refusal, SluiceError } from './errors.ts';
import { packFrame } from './frame.ts';
import { now } from './now.ts';
import { onlyJson } from './only-json.ts';
import { PublishQueue, type QueuedCommand } from './publish-queue.ts';
import { type Cancel, nothing } from './timer.ts';

/** A command without its `id`, which `Calls` assigns. */
export type Body<Type extends CommandType> = Omit<Extract<Command, { type: Type }>, 'id'> & { readonly type: Type };

/** Handles the answer to a command, while the frame is read: a reply takes effect before the next push. */
export interface Answer<Type extends CommandType = CommandType> {
  accept?(result: Results[Type]): void;
  refuse?(error: SluiceError): void;
  /** The latest refusal after which it is sent again. */
  refused?: SluiceError;
  /** Whether the command is sent again if the connection is lost. Otherwise it is dropped then. */
  readonly resend?: boolean;
  /**
   * Its weight in the channel's publish queue, which keeps the order and retries what exceeded a
   * limit. 0: it bypasses the queue.
   */
  readonly weight?: number | undefined;
}

interface Call extends QueuedCommand {
  readonly id: number;
  readonly command: Command & { series?: number };
  readonly answer: Answer;
  queue?: PublishQueue<Call>;
  /** When it was last ready to be sent. */
  sent?: number;
}

// Maximum bytes of a frame. Larger frames only delay what follows.
const FRAME = 100_000;

// Maximum bytes of the first frame: `maxFrame` is unknown, and it must arrive within 5 seconds, even
// on a slow network. SPEC.md section 1.
const GREETING = 16_000;

/**
 * The commands without an answer, in sending order. Commands of the same turn share a frame.
 */
export class Calls {
  /** Why the client is closed; `undefined` if it is not. */
  declare ended: SluiceError | undefined;
  /** The error for calls that time out without a connection; `undefined` while there is one. */
  declare failure: SluiceError | undefined;
  /** Recent round-trip time in milliseconds, as a moving average. */
  declare pace: number | undefined;
  #waiting = new Map<number, Call>();
  readonly #queues = new Map<string, PublishQueue<Call>>();
  #unsent: Call[] = [];
  #write: ((data: string | Uint8Array) => void) | undefined;
  // In bytes. Unlimited until the gateway has sent its limit.
  #maxFrame = Number.POSITIVE_INFINITY;
  // Is the token verified?
  #released = false;
  /** The id of the newest command. */
  lastId = 0;
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** Is there a connection that accepts commands? */
  get open(): boolean {
    return !!this.#write;
  }

  /**
   * Sends a command, on this connection or the next.
   *
   * @returns cancels the call; a command that was not sent yet is never sent
   */
  start<Type extends CommandType>(body: Body<Type>, answer: Answer<Type> = {}): Cancel {
    if (this.ended) {
      answer.refuse?.(this.ended);
      return nothing;
    }
    const id = ++this.lastId;
    const call = { id, weight: answer.weight ?? 0, command: { ...body, id } as unknown as Command, answer };
    this.#enqueue(call);
    return () => this.#forget(call);
  }

  /**
   * A WebSocket has opened: sends one frame with the commands of `greet`, then the commands to repeat.
   * The rest waits for `release`, because the gateway limits what it accepts before it has verified
   * the token. SPEC.md section 8.1.
   */
  begin(write: (data: string | Uint8Array) => void, greet: () => void): void {
    const again = this.#takeAll();
    this.#write = write;
    greet();
    for (const call of again) this.#enqueue(call);
    this.#sendFrame(GREETING);
  }

  /** The connection is authenticated: sends the rest. */
  release(maxFrame: number): void {
    this.#maxFrame = maxFrame;
    this.#released = true;
    this.#flush();
  }

  /**
   * Returns a copy of a value, as it arrives with any codec, and its weight in a publish queue.
   *
   * @throws SluiceError `payload_invalid` if it would not arrive unchanged
   */
  copy<Value>(value: Value): { readonly copy: Value; readonly weight: number } {
    try {
      const text = JSON.stringify(value, onlyJson);
      return { copy: JSON.parse(text) as Value, weight: Math.max(1, text.length / 2500) };
    } catch (error) {
      throw refusal(PAYLOAD_INVALID, 'payload_invalid', (error as Error).message);
    }
  }

  /** Passes an answer to its caller. */
  settle(message: Reply | Failure): void {
    const call = this.#waiting.get(message.id ?? 0);
    if (!call) return;
    const { answer, queue, sent = 0 } = call;
    const took = now() - sent;
    this.pace = (this.pace ?? took) * 0.75 + took * 0.25;
    if (message.type === 'reply') {
      this.#forget(call);
      answer.accept?.(message.result as never);
      return;
    }
    const error = new SluiceError(message.error);
    if (queue && error.retryable && error.retryAfter !== undefined) {
      answer.refused = error;
      queue.again(call, error.retryAfter);
    } else this.#reject(call, error);
  }

  /** The connection is lost: keeps only the commands to repeat. */
  lose(): void {
    this.#write = undefined;
    this.#released = false;
    this.#unsent = [];
    for (const queue of this.#queues.values()) queue.halt();
    this.#queues.clear();
    for (const [id, call] of this.#waiting) if (!call.answer.resend) this.#waiting.delete(id);
  }

  /**
   * The client is closed: rejects everything.
   *
   * @returns whether a call was pending
   */
  end(error: SluiceError): boolean {
    this.ended = error;
    this.lose();
    const calls = this.#takeAll();
    for (const call of calls) call.answer.refuse?.(error);
    return calls.length > 0;
  }

  #takeAll(): Call[] {
    const calls = [...this.#waiting.values()];
    this.#waiting.clear();
    return calls;
  }

  #enqueue(call: Call): void {
    this.#waiting.set(call.id, call);
    if (!this.#write) return;
    if (!call.weight) {
      this.#send(call);
      return;
    }
    const channel = channelOf(call);
    const queue =
      this.#queues.get(channel) ??
      new PublishQueue((turn) => {
        turn.command.series = queue.series;
        this.#send(turn);
      });
    call.queue = queue;
    this.#queues.set(channel, queue);
    queue.add(call);
  }

  #forget(call: Call): void {
    if (!this.#waiting.delete(call.id) || !call.queue?.settle(call)) return;
    call.queue.halt();
    this.#queues.delete(channelOf(call));
  }

  #reject(call: Call, error: SluiceError): void {
    this.#forget(call);
    call.answer.refuse?.(error);
  }

  // What does not fit into the first frame waits until the token is verified and `maxFrame` is known.
  #send(call: Call): void {
    call.sent = now();
    this.#unsent.push(call);
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    while (this.#released && this.#sendFrame(Math.min(FRAME, this.#maxFrame)));
  }

  /** @returns whether there was something to send */
  #sendFrame(limit: number): boolean {
    // Cancelled calls are no longer in `#waiting`.
    const calls = this.#unsent.filter((call) => this.#waiting.has(call.id));
    const [first] = calls;
    if (!this.#write || !first) return false;
    const commands = calls.map((call) => call.command);
    const { data, size, count } = packFrame(commands, { codec: this.#codec, limit });
    this.#unsent = calls.slice(count);
    // The gateway would close the connection permanently.
    if (size > this.#maxFrame) {
      this.#reject(first, refusal(PAYLOAD_TOO_LARGE, 'payload_too_large', `${size} bytes; at most ${this.#maxFrame}.`));
    } else this.#write(data);
    return true;
  }
}

function channelOf({ command }: Call): string {
  return (command as Extract<Command, { type: 'publish' }>).channel;
}
