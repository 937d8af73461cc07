import type { Failure, Reply, ServerMessage } from '@sluice/protocol';
import type { WebSocketConstructor, WebSocketLike } from '../socket.ts';

/** The answer to a forwarded command. */
export type Answer = Reply | Failure;

// The upstream client counts the ids of its own commands from 1.
const FIRST_ID = 2 ** 40;

/**
 * Sends commands that the upstream client does not know on its connection, unchanged but for their
 * ids, and returns the answers. So a tab may use a newer command than its tab gateway knows.
 */
export class Forwarder {
  #lastId = FIRST_ID;
  #socket: WebSocketLike | undefined;
  readonly #pending = new Map<number, (answer: Answer) => void>();

  /** The class that the upstream client connects with. `WebSocket`: the original; default: the global one. */
  socketClass(WebSocket: WebSocketConstructor | undefined): WebSocketConstructor {
    const open = (url: string | URL, protocols?: string | string[]) => {
      const Class = WebSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor);
      // Answers to what an earlier connection sent do not arrive any more.
      this.#pending.clear();
      this.#socket = new Class(url, protocols);
      return this.#socket;
    };
    return class {
      constructor(url: string | URL, protocols?: string | string[]) {
        // biome-ignore lint/correctness/noConstructorReturn: the socket is of another class
        return open(url, protocols);
      }
    } as unknown as WebSocketConstructor;
  }

  /** Sends a command. Call it only while the upstream client is connected. @returns its id */
  send(command: object, answered: (answer: Answer) => void): number {
    const id = ++this.#lastId;
    this.#pending.set(id, answered);
    this.#socket?.send(JSON.stringify({ ...command, id }));
    return id;
  }

  /** @returns whether the message answers a forwarded command, so that the upstream client must not see it */
  settle(message: ServerMessage): boolean {
    if (message.type !== 'reply' && message.type !== 'error') return false;
    const answered = this.#pending.get(message.id ?? 0);
    this.#pending.delete(message.id ?? 0);
    answered?.(message);
    return (message.id ?? 0) > FIRST_ID;
  }
}
