import { type Command, json, type ServerMessage } from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';

type DistributiveOmit<T, K extends keyof never> = T extends unknown ? Omit<T, K> : never;

/** A command without its id, which the client assigns. */
export type CommandInput = DistributiveOmit<Command, 'id'>;

type Answer = Extract<ServerMessage, { type: 'reply' | 'error' }>;

interface Waiter {
  readonly wants: (message: ServerMessage) => boolean;
  readonly resolve: (message: ServerMessage) => void;
  readonly reject: (error: Error) => void;
}

/** How a client's connection ended. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** The raw client of the tests: it speaks the protocol of SPEC.md and records everything that it receives. */
export class ProtocolClient {
  readonly #send: (frame: string | Uint8Array) => void;
  readonly #binary: boolean;
  readonly #waiters = new Set<Waiter>();
  readonly #whenEnded: ((ending: Ending) => void)[] = [];
  #lastId = 0;
  #ending: Ending | undefined;
  /** All received messages in order. */
  readonly received: ServerMessage[] = [];

  constructor(send: (frame: string | Uint8Array) => void, { binary }: { binary: boolean }) {
    this.#send = send;
    this.#binary = binary;
  }

  /** Sends commands in one frame. Returns their ids. */
  send(...commands: CommandInput[]): number[] {
    const numbered = commands.map((command) => ({ ...command, id: ++this.#lastId }));
    this.sendValue(numbered.length === 1 ? numbered[0] : numbered);
    return numbered.map(({ id }) => id);
  }

  /** Sends any value as a frame. */
  sendValue(value: unknown): void {
    this.#send(this.#binary ? msgpack.encode(value) : json.encode(value));
  }

  /** Sends raw bytes or text. */
  sendBytes(frame: string | Uint8Array): void {
    this.#send(frame);
  }

  /** Sends a command and waits for its answer. */
  async request(command: CommandInput): Promise<Answer> {
    const [id] = this.send(command);
    return (await this.wait((message) => 'id' in message && message.id === id)) as Answer;
  }

  /** Like `request`, but throws if the answer is an error. */
  async result<Result = Record<string, unknown>>(command: CommandInput): Promise<Result> {
    const answer = await this.request(command);
    if (answer.type === 'error') throw new Error(`${command.type}: ${answer.error.name}: ${answer.error.message}`);
    return answer.result as Result;
  }

  /**
   * Resolves with the first wanted message, past or future. Rejects if the connection ends first.
   */
  wait(wants: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    const found = this.received.find(wants);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      if (this.#ending !== undefined) reject(new Error(`closed with ${this.#ending.code} ${this.#ending.reason}`));
      else this.#waiters.add({ wants, resolve, reject });
    });
  }

  /** Waits for a push of a type, on a channel. */
  async push<Type extends ServerMessage['type']>(
    type: Type,
    channel?: string,
  ): Promise<Extract<ServerMessage, { type: Type }>> {
    const wants = (message: ServerMessage) =>
      message.type === type && (channel === undefined || ('channel' in message && message.channel === channel));
    return (await this.wait(wants)) as Extract<ServerMessage, { type: Type }>;
  }

  /** Waits until `count` messages of a channel have arrived, and returns all of them. */
  async messages(channel: string, count: number): Promise<readonly { offset: number; data: unknown }[]> {
    const all = () =>
      this.received.flatMap((received) =>
        received.type === 'messages' && received.channel === channel ? received.messages : [],
      );
    await this.wait(() => all().length >= count);
    return all();
  }

  /** Resolves when the connection has ended. */
  ended(): Promise<Ending> {
    if (this.#ending !== undefined) return Promise.resolve(this.#ending);
    return new Promise((resolve) => this.#whenEnded.push(resolve));
  }

  // Events of the socket ----------------------------------------------------------------------------------------------

  receive(frame: string | Uint8Array): void {
    const value = this.#binary ? msgpack.decode(frame) : json.decode(frame);
    for (const message of (Array.isArray(value) ? value : [value]) as ServerMessage[]) {
      this.received.push(message);
      for (const waiter of this.#waiters) {
        if (!waiter.wants(message)) continue;
        this.#waiters.delete(waiter);
        waiter.resolve(message);
      }
    }
  }

  end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    for (const { reject } of this.#waiters) reject(new Error(`closed with ${ending.code} ${ending.reason}`));
    this.#waiters.clear();
    for (const listener of this.#whenEnded) listener(ending);
  }
}
