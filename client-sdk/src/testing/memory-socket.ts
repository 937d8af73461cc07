import { json, type ServerMessage } from '@sluice/protocol';
import type { WebSocketLike } from '../index.ts';

type Handler<Event> = ((event: Event) => void) | null;

/** The other end of a socket. */
export interface SocketPeer {
  /** Is somebody there to answer? */
  opened(socket: MemorySocket): boolean;
  frame(socket: MemorySocket, values: readonly unknown[]): void;
  closed(socket: MemorySocket): void;
  /** Does something a little later, after everything that was to be done before. */
  later(task: () => void): void;
}

/** A WebSocket whose other end is in this program. Its events come a little later, in order, as those of a real one do. */
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

  /** One frame of the gateway. */
  push(messages: readonly ServerMessage[]): void {
    const data = json.encode(messages) as string;
    this.#peer.later(() => this.onmessage?.({ data }));
  }

  /** The gateway closes it, or the network does (1006). */
  end(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#peer.closed(this);
    this.#peer.later(() => this.onclose?.({ code, reason }));
  }
}
