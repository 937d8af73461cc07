import { json, type ServerMessage } from '@sluice/protocol';
import type { WebSocketLike } from '../index.ts';

type Handler<Event> = ((event: Event) => void) | null;

/** The other end of a socket. */
export interface SocketPeer {
  /** Accepts or refuses the connection. */
  opened(socket: MemorySocket): boolean;
  frame(socket: MemorySocket, values: readonly unknown[]): void;
  closed(socket: MemorySocket): void;
  /** Runs a task asynchronously, after all tasks before it. */
  later(task: () => void): void;
}

/**
 * A WebSocket whose peer is in this process. Its events are asynchronous and ordered, like those of
 * a real socket.
 */
export class MemorySocket implements WebSocketLike {
  binaryType = '';
  onopen: Handler<unknown> = null;
  onmessage: Handler<{ data: string }> = null;
  onclose: Handler<{ code: number; reason: string }> = null;
  onerror: Handler<unknown> = null;
  readonly #peer: SocketPeer;
  #open = true;

  constructor(peer: SocketPeer) {
    this.#peer = peer;
    peer.later(() => {
      if (!this.#open) return;
      if (peer.opened(this)) this.onopen?.({});
      else this.end(1006, '');
    });
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    const frame = json.decode(data);
    const values: unknown[] = Array.isArray(frame) ? frame : [frame];
    this.#peer.later(() => {
      if (this.#open) this.#peer.frame(this, values);
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#peer.later(() => this.#peer.closed(this));
  }

  /** Sends one frame to the client. */
  push(messages: readonly ServerMessage[]): void {
    const data = json.encode(messages) as string;
    this.#peer.later(() => this.onmessage?.({ data }));
  }

  /** Closes the socket from the gateway's side, or as a network failure (1006). */
  end(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#peer.closed(this);
    this.#peer.later(() => this.onclose?.({ code, reason }));
  }
}
