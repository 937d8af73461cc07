import type { Distrust } from './strangers.ts';

/** One WebSocket, as the rest of the gateway sees it: bytes and topics. After its close every method does nothing. */
export interface Connection {
  readonly id: string;
  /** The client's IP address. */
  readonly address: string;
  /** The subprotocol that was agreed on. */
  readonly protocol: string;
  /** Queues a frame, as a text or a binary message. Frames and publishes of one connection keep their order. */
  send(frame: string | Uint8Array, binary: boolean): void;
  /** Says goodbye with a close frame, as far as the other side still listens. RFC 6455 section 7.4. */
  close(code: number, reason: string): void;
  /** The peer has authenticated: what it sends is no longer counted here. */
  trust(): void;
  /** Starts to receive what is published to the topic. */
  join(topic: string): void;
  leave(topic: string): void;
  /** Bytes that wait in this process for the other side to read. */
  readonly buffered: number;
  /** Did the buffer pass its limit, and has not drained since? Then nothing more should be handed over than replies. */
  readonly congested: boolean;
  /** Does it deliver whatever is published to a topic until it leaves it, after an overflow, too? Sockets do not. */
  readonly lossless?: boolean;
  /** May more than replies be handed over: is the connection not congested, and do fewer than `lowWater` bytes wait for its reader? */
  hasRoom(lowWater: number): boolean;
}

/** What a connection tells its owner. */
export interface ConnectionListener {
  /** From now on it is told of what happens. It may speak first. */
  opened?(): void;
  /** A frame arrived: text as a string, binary as bytes that are only valid during this call. `size` in bytes. */
  frame(data: string | Uint8Array, size: number): void;
  /** Something that was sent or published was refused because the buffer was full: **this socket now has a hole.** */
  overflow(): void;
  /** The peer has not authenticated, and it or all such peers together have sent too much: it must be sent away. */
  distrusted(why: Distrust): void;
  /** It sends control frames at a rate that only keeps the gateway busy. */
  flooded(): void;
  /** The buffer has drained. */
  drain(): void;
  closed(code: number, reason: string): void;
}

/** What is known of a WebSocket before it is one. */
export interface Handshake {
  readonly address: string;
  readonly host: string;
  /** What a trusted proxy says that it was asked for: `X-Forwarded-Host`, `Forwarded`. */
  readonly forwardedHosts?: readonly string[];
  /** `Origin` header; empty when the client is no browser. */
  readonly origin: string;
  /** Subprotocols that the client offers, in its order; over how many lines does not matter. RFC 6455 section 11.3.4. */
  readonly protocols: readonly string[];
  /** Path of the request, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** With what a WebSocket is closed. */
export interface Goodbye {
  readonly code: number;
  /** At most 123 bytes of UTF-8. */
  readonly reason: string;
}

/** What becomes of a handshake. */
export type Admission =
  | {
      readonly ok: true;
      /** Empty: none was offered. */
      readonly protocol: string;
      /** Handed back to `open`. */
      readonly choice?: object;
    }
  /** Accepted, and closed at once: a browser shows pages the code and the reason of a close, and nothing of an HTTP answer. */
  | { readonly ok: false; readonly protocol: string; readonly goodbye: Goodbye }
  /** Answered over HTTP, where a proxy can read it and ask another node. */
  | { readonly ok: false; readonly status: number; readonly body: string };

/** The gateway's side of the transport. */
export interface Acceptor {
  /** A TCP connection was opened. Returns whether it may stay; otherwise it is closed before anything is read. */
  arrived?(): boolean;
  /** Something went wrong that no client is to blame for. Without it the error is thrown, and ends the process. */
  failed?(where: string, error: unknown): void;
  /** A request could not be parsed, and was refused before the HTTP side saw it. */
  rejected?(address: string, detail: string): void;
  /** Where WebSockets are opened: paths like `/ws`, or `/app/:key` with a parameter. */
  readonly paths: readonly string[];
  admit(handshake: Handshake): Admission;
  /** @param choice what the admission of its handshake carried */
  open(connection: Connection, choice?: object): ConnectionListener;
}

/** Fan-out: one call for all the connections that joined a topic. */
export interface Fanout {
  /**
   * Bytes of a frame from which a publish is written at once instead of with the turn's other publishes, so that it may reach a reader
   * whose buffer refused the frames before it. Never publish such a frame behind a smaller one within one turn.
   */
  readonly batchLimit: number;
  publish(topic: string, frame: string | Uint8Array, binary: boolean): void;
}
