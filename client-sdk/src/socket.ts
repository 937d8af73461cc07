import type { Codec, ServerMessage } from '@sluice/protocol';
import { clientError, type SluiceError } from './errors.ts';
import { after, type Cancel, nothing } from './timer.ts';

/** What the client needs of a WebSocket: the browser's, that of the `ws` package, or another. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  /** Cuts it without waiting for the other end: where there is such a thing, as in the package `ws`. */
  terminate?(): void;
}

// How long the other end may take to answer a close before a socket that can be cut is cut. In milliseconds.
const LINGER = 3000;

/** A class of WebSockets. */
export type WebSocketConstructor = new (url: string | URL, protocols?: string | string[]) => WebSocketLike;

export interface SocketSetup {
  readonly WebSocket: WebSocketConstructor;
  readonly codec: Codec;
  /** It has opened. `write` sends a frame. */
  open(write: (data: string | Uint8Array) => void): void;
  /** Each message of a frame, one by one. */
  message(message: ServerMessage): void;
  /** It is closed; the last of all. */
  lost(code: number, reason: string): void;
  /** A frame cannot be read; the last of all as well. */
  broken(error: SluiceError): void;
}

/**
 * Opens a WebSocket that speaks in messages.
 *
 * @returns closes it; none of its events is heard after this
 * @throws whatever its constructor throws, for instance on a malformed URL
 */
export function openSocket(url: string | URL, { WebSocket, codec, ...events }: SocketSetup): Cancel {
  const socket = new WebSocket(url, [codec.subprotocol]);
  let open = true;
  // `ws` throws the errors of a socket when nobody listens to them; the close event that follows says it all.
  socket.onerror = nothing;

  const forget = () => {
    open = false;
    socket.onopen = socket.onmessage = socket.onclose = nothing;
  };
  const close = () => {
    if (!open) return;
    forget();
    // A dead line answers no close, and would keep a Node process alive for half a minute.
    if (socket.terminate) socket.onclose = after(LINGER, () => socket.terminate?.());
    socket.close(1000);
  };

  const read = (data: string | ArrayBuffer) => {
    let frame: unknown;
    try {
      frame = codec.decode(typeof data === 'string' ? data : new Uint8Array(data));
    } catch {
      // Not the cause: what a parser says may quote the payload.
      close();
      return events.broken(clientError('connection_lost', 'A frame cannot be read.'));
    }
    for (const message of [frame].flat()) {
      if (open) events.message(message as ServerMessage);
    }
  };

  socket.binaryType = 'arraybuffer';
  socket.onopen = () => events.open((data) => socket.send(data as string | Uint8Array<ArrayBuffer>));
  socket.onmessage = (event: { data: string | ArrayBuffer }) => read(event.data);
  socket.onclose = (event: { code: number; reason: string }) => {
    forget();
    events.lost(event.code, event.reason);
  };
  return close;
}
