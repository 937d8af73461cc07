import type { WebSocket } from 'uWebSockets.js';
import { Deque } from '../util/deque.ts';
import type { CloseFrame, Connection, ConnectionListener } from './connection.ts';
import { UnauthenticatedPeer, type UnauthenticatedPeers } from './unauthenticated-peers.ts';

/** The user data of a native socket. */
export interface SocketData {
  readonly id: string;
  readonly protocol: string;
  /** The client's IP address. */
  readonly address: string;
  /** It is closed as soon as it is open. */
  readonly closeFrame?: CloseFrame | undefined;
  /** The choice of its admission, until it is open. */
  choice?: object | undefined;
  connection?: UwsConnection | undefined;
}

interface Waiting {
  readonly frame: string | Uint8Array;
  readonly binary: boolean;
  readonly size: number;
}

/** The used methods of a native socket: few enough for `loopback.ts` to simulate. */
export type NativeSocket = Pick<
  WebSocket<SocketData>,
  'getUserData' | 'getBufferedAmount' | 'subscribe' | 'unsubscribe' | 'close'
> & {
  send(frame: string | Uint8Array, binary?: boolean): number;
  end(code?: number, reason?: string): void;
};

/**
 * The only holder of a native socket. uWebSockets.js throws if a socket is used after its close, so
 * every method checks that first and then does nothing.
 *
 * Replies have a small queue: while the native buffer is full it refuses frames, and a refused
 * reply would leave the client waiting forever. The queue is limited too; a client that sends
 * commands without reading is cut.
 */
export class UwsConnection implements Connection {
  readonly id: string;
  readonly address: string;
  readonly protocol: string;
  #socket: NativeSocket | undefined;
  #listener: ConnectionListener | undefined;
  #waiting: Deque<Waiting> | undefined;
  #waitingBytes = 0;
  #overflowed = false;
  #isEnding = false;
  /** Set until the peer has authenticated. */
  #peer: UnauthenticatedPeer | undefined;
  readonly #limit: number;
  readonly #unauthenticated: UnauthenticatedPeers | undefined;

  /**
   * @param limit maximum bytes in each buffer: the native one, and that of replies
   * @param unauthenticated limits what a peer sends before it has authenticated; without it there are no
   *   limits
   */
  constructor(socket: NativeSocket, limit: number, unauthenticated?: UnauthenticatedPeers) {
    const { id, protocol, address } = socket.getUserData();
    this.id = id;
    this.protocol = protocol;
    this.address = address;
    this.#socket = socket;
    this.#limit = limit;
    this.#unauthenticated = unauthenticated;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    if (this.#unauthenticated !== undefined && this.#socket !== undefined) {
      this.#peer = new UnauthenticatedPeer(() => this.#evict());
      this.#unauthenticated.add(this.#peer);
    }
    listener.opened?.();
  }

  /** A peer that was asked to close before, and did not, is cut. */
  #evict(): void {
    if (this.#isEnding) this.#socket?.close();
    else this.#listener?.evicted('no_room');
  }

  trust(): void {
    if (this.#peer !== undefined) this.#unauthenticated?.authenticated(this.#peer);
    this.#peer = undefined;
  }

  send(frame: string | Uint8Array, binary: boolean): void {
    if (this.#socket === undefined) return;
    const size = typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength;
    const native = this.#socket.getBufferedAmount();
    if (this.#waiting === undefined && (native === 0 || native + size <= this.#limit)) {
      this.#socket.send(frame, binary);
    } else {
      this.#wait({ frame, binary, size });
    }
  }

  #wait(waiting: Waiting): void {
    if (this.#waitingBytes > this.#limit) {
      this.#socket?.close(); // cut, because a close frame would be refused like any other frame
      return;
    }
    this.#waiting ??= new Deque();
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.size;
    this.dropped(); // later publishes would overtake this frame: topics must be left first
  }

  close(code: number, reason: string): void {
    this.#isEnding = true;
    // The native side keeps an unfinished message until the peer has closed too.
    if (this.#peer !== undefined && this.#unauthenticated?.crowded === true) this.#socket?.close();
    else this.#socket?.end(code, reason);
  }

  join(topic: string): void {
    this.#socket?.subscribe(topic);
  }

  leave(topic: string): void {
    this.#socket?.unsubscribe(topic);
  }

  get buffered(): number {
    return (this.#socket?.getBufferedAmount() ?? 0) + this.#waitingBytes;
  }

  get congested(): boolean {
    return this.#overflowed || this.#waiting !== undefined;
  }

  hasRoom(lowWater: number): boolean {
    return !this.congested && this.buffered < lowWater;
  }

  // Events of the native side
  // ----------------------------------------------------------------------------------------

  frame(data: string | Uint8Array, size: number): void {
    const why = this.#peer === undefined ? null : (this.#unauthenticated?.receive(this.#peer, size) ?? null);
    if (why === null) this.#listener?.frame(data, size);
    else this.#listener?.evicted(why);
  }

  flooded(): void {
    this.#listener?.flooded();
  }

  /**
   * Called in the middle of native work, so it may only be noted. Leaving topics or closing here is
   * a use-after-free.
   */
  dropped(): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    this.#listener?.overflow();
  }

  drained(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    while (this.#waiting !== undefined) {
      const next = this.#waiting.at(0);
      if (next === undefined) {
        this.#waiting = undefined;
        this.#waitingBytes = 0;
        break;
      }
      const native = socket.getBufferedAmount();
      if (native > 0 && native + next.size > this.#limit) return; // another drain follows
      this.#waiting.shift();
      this.#waitingBytes -= next.size;
      socket.send(next.frame, next.binary);
    }
    this.#overflowed = false;
    this.#listener?.drain();
  }

  closed(code: number, reason: string): void {
    this.#socket = undefined;
    this.#waiting = undefined;
    if (this.#peer !== undefined) this.#unauthenticated?.remove(this.#peer);
    this.#peer = undefined;
    this.#listener?.closed(code, reason);
    this.#listener = undefined;
  }
}
