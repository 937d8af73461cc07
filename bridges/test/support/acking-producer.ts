import { Dealer } from 'zeromq';
import type { Produced } from '../conformance/messages.ts';

/**
 * What a producer does that must not lose a message: it keeps each until it is acknowledged, and sends
 * all that are not again, in their order, whenever it is connected.
 */
export class AckingProducer {
  readonly #socket = new Dealer({ linger: 0, reconnectInterval: 20 });
  readonly #unacknowledged = new Map<string, (string | Buffer)[]>();
  #numbers = 0;
  #wake = () => {};
  #isConnected = false;

  constructor(address: string) {
    this.#socket.events.on('handshake', () => {
      this.#isConnected = true;
      void this.#sendAll();
    });
    this.#socket.events.on('disconnect', () => {
      this.#isConnected = false;
    });
    this.#socket.connect(address);
    void this.#receive();
  }

  async #receive(): Promise<void> {
    for await (const [id] of this.#socket) {
      this.#unacknowledged.delete(`${id}`);
      this.#wake();
    }
  }

  async #sendAll(): Promise<void> {
    for (const frames of this.#unacknowledged.values()) await this.#socket.send(frames);
  }

  /** How many messages were not acknowledged. */
  get size(): number {
    return this.#unacknowledged.size;
  }

  /** Puts messages on their way. */
  send(messages: readonly Produced[]): void {
    for (const { body, headers } of messages) {
      const id = `${++this.#numbers}`;
      const frames = headers === undefined ? [id, body] : [id, JSON.stringify(headers), body];
      this.#unacknowledged.set(id, frames);
      if (this.#isConnected) void this.#socket.send(frames);
    }
  }

  /** Resolves when everything is acknowledged. */
  async done(): Promise<void> {
    while (this.size > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#socket.close();
  }
}
