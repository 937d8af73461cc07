import type { Codec, Command, CommandType, Failure, Reply, Results } from '@sluice/protocol';
import { refusal, SluiceError } from './errors.ts';
import { packFrame } from './frame.ts';
import { now } from './now.ts';
import { onlyJson } from './only-json.ts';
import { PublishQueue, type QueuedCommand } from './publish-queue.ts';
import { type Cancel, nothing } from './timer.ts';

/** A command without its `id`, which `Calls` gives. */
export type Body<Type extends CommandType> = Omit<Extract<Command, { type: Type }>, 'id'> & { readonly type: Type };

/** What happens with the answer. Called while the frame is being read, so that a reply takes effect before the push behind it. */
export interface Answer<Type extends CommandType = CommandType> {
  accept?(result: Results[Type]): void;
  refuse?(error: SluiceError): void;
  /** Is it asked again on the next connection when this one is lost? Otherwise it is then forgotten. */
  readonly resend?: boolean;
  /**
   * Takes its turn among those to the same channel, where it weighs so much, and is asked again when the gateway says that it was
   * too much. 0: it does not.
   */
  readonly weight?: number | undefined;
}

interface Call extends QueuedCommand {
  readonly id: number;
  readonly command: Command & { series?: number };
  readonly answer: Answer;
  queue?: PublishQueue<Call>;
  /** When it was sent last. */
  sent?: number;
}

// In bytes. Large ones only make everything behind them wait.
const FRAME = 100_000;

// The first one travels before `maxFrame` is known, and has to be there within 5 seconds, on a slow line too. SPEC.md section 1.
const GREETING = 16_000;

/**
 * The commands that have not been answered, in the order in which they go out. Commands of the same turn share a frame.
 */
export class Calls {
  /** Why no command is taken any more; `undefined` while the client is not closed. */
  declare ended: SluiceError | undefined;
  /** Why there is no connection, as those are told who have waited too long; `undefined` where there is one. */
  declare failure: SluiceError | undefined;
  /** How long answers take of late, in milliseconds. */
  declare pace: number | undefined;
  #waiting = new Map<number, Call>();
  readonly #queues = new Map<string, PublishQueue<Call>>();
  #unsent: Call[] = [];
  #write: ((data: string | Uint8Array) => void) | undefined;
  // In bytes: the gateway's limit, once it is known.
  #maxFrame = Number.POSITIVE_INFINITY;
  // Is the token verified?
  #released = false;
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
      answer.refuse?.(this.ended);
      return nothing;
    }
    const id = ++this.#lastId;
    const call = { id, weight: answer.weight ?? 0, command: { ...body, id } as unknown as Command, answer };
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
    this.#sendFrame(GREETING);
  }

  /** The connection is authenticated: sends the rest. */
  release(maxFrame: number): void {
    this.#maxFrame = maxFrame;
    this.#released = true;
    this.#flush();
  }

  /**
   * A copy of something, as it arrives at the other end whatever the codec, and what it weighs in a queue.
   *
   * @throws SluiceError `payload_invalid` for what would not arrive
   */
  copy<Value>(value: Value): { readonly copy: Value; readonly weight: number } {
    try {
      const text = JSON.stringify(value, onlyJson);
      return { copy: JSON.parse(text) as Value, weight: Math.max(1, text.length / 2500) };
    } catch (error) {
      throw refusal(4310, 'payload_invalid', (error as Error).message);
    }
  }

  /** Hands an answer to the one who asked. */
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
    const { retryable, retryAfter } = message.error;
    if (queue && retryable && retryAfter !== undefined) queue.again(call, retryAfter);
    else this.#reject(call, new SluiceError(message.error));
  }

  /** The connection is gone: keeps what is asked again. */
  lose(): void {
    this.#write = undefined;
    this.#released = false;
    this.#unsent = [];
    for (const queue of this.#queues.values()) queue.stop();
    this.#queues.clear();
    for (const [id, call] of this.#waiting) if (!call.answer.resend) this.#waiting.delete(id);
  }

  /**
   * No answer will ever come: rejects everything.
   *
   * @returns was there anybody who waited?
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
    if (!this.#waiting.delete(call.id) || !call.queue?.done(call)) return;
    call.queue.stop();
    this.#queues.delete(channelOf(call));
  }

  #reject(call: Call, error: SluiceError): void {
    this.#forget(call);
    call.answer.refuse?.(error);
  }

  // What does not fit into the first frames waits until the token is verified, and `maxFrame` is known.
  #send(call: Call): void {
    this.#unsent.push(call);
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    while (this.#released && this.#sendFrame(Math.min(FRAME, this.#maxFrame)));
  }

  /** @returns was there something to send? */
  #sendFrame(limit: number): boolean {
    // Those that were aborted before they could be sent are no longer waiting.
    const calls = this.#unsent.filter((call) => this.#waiting.has(call.id));
    const [first] = calls;
    if (!this.#write || !first) return false;
    const commands = calls.map((call) => call.command);
    const { data, size, count } = packFrame(commands, { codec: this.#codec, limit });
    this.#unsent = calls.slice(count);
    const time = now();
    for (const call of calls.slice(0, count)) call.sent = time;
    // The gateway would close the connection for good, and with it everything else that is going on.
    if (size > this.#maxFrame) {
      this.#reject(first, refusal(4309, 'payload_too_large', `${size} bytes; the gateway takes ${this.#maxFrame}.`));
    } else this.#write(data);
    return true;
  }
}

function channelOf({ command }: Call): string {
  return (command as Extract<Command, { type: 'publish' }>).channel;
}
