import type { Codec, ServerMessage } from '@sluice/protocol';
import { clientError, type SluiceError } from './errors.ts';
import { after, type Cancel, nothing } from './timer.ts';

/** The part of a WebSocket that the client uses: the browser's, the `ws` package's, or another. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  /** Closes it without waiting for the peer, if the class supports that, like the package `ws`. */
  terminate?(): void;
}

// Milliseconds to wait for the peer's close before `terminate`.
const LINGER = 3000;

/** A class of WebSockets. */
export type WebSocketConstructor = new (url: string | URL, protocols?: string | string[]) => WebSocketLike;

export interface SocketSetup {
  readonly WebSocket: WebSocketConstructor;
  readonly codec: Codec;
  /** The socket is open. `write` sends a frame. */
  open(write: (data: string | Uint8Array) => void): void;
  /** Called for each message of a frame. */
  receive(message: ServerMessage): void;
  /** The socket is closed. Always the last event. */
  lose(code: number, reason: string): void;
  /** A frame could not be decoded. Always the last event. */
  distrust(error: SluiceError): void;
}

/**
 * Opens a WebSocket and decodes its frames to messages.
 *
 * @returns closes it; no event follows
 * @throws what the constructor throws, for instance for a malformed URL
 */
export function openSocket(url: string | URL, { WebSocket, codec, ...events }: SocketSetup): Cancel {
  const socket = new WebSocket(url, [codec.subprotocol]);
  let open = true;
  // Without a handler, `ws` throws the errors of a socket. The close event that follows has the reason.
  socket.onerror = nothing;

  const forget = () => {
    open = false;
    socket.onopen = socket.onmessage = socket.onclose = nothing;
  };
  const close = () => {
    if (!open) return;
    forget();
    // A dead peer answers no close, and would keep a Node process alive for half a minute.
    if (socket.terminate) socket.onclose = after(LINGER, () => socket.terminate?.());
    socket.close(1000);
  };

  const read = (data: string | ArrayBuffer) => {
    let frame: unknown;
    try {
      frame = codec.decode(typeof data === 'string' ? data : new Uint8Array(data));
    } catch {
      // Without the parser's error as cause, because it may quote the payload.
      close();
      return events.distrust(clientError('connection_lost', 'A frame cannot be read.'));
    }
    for (const message of [frame].flat()) {
      if (open) events.receive(message as ServerMessage);
    }
  };

  socket.binaryType = 'arraybuffer';
  socket.onopen = () => events.open((data) => socket.send(data as string | Uint8Array<ArrayBuffer>));
  socket.onmessage = (event: { data: string | ArrayBuffer }) => read(event.data);
  socket.onclose = (event: { code: number; reason: string }) => {
    forget();
    events.lose(event.code, event.reason);
  };
  return close;
}
