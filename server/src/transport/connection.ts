import type { PeerLimit } from './unauthenticated-peers.ts';

/** One WebSocket as bytes and topics. After it has closed, its methods do nothing. */
export interface Connection {
  readonly id: string;
  /** The client's IP address. */
  readonly address: string;
  /** The negotiated subprotocol. */
  readonly protocol: string;
  /**
   * Queues a frame, as a text or a binary message. Frames and publishes of one connection keep
   * their order.
   */
  send(frame: string | Uint8Array, binary: boolean): void;
  /** Closes the connection with a close frame, if the peer still reads. RFC 6455 section 7.4. */
  close(code: number, reason: string): void;
  /** The peer has authenticated: the limits of unauthenticated peers no longer apply. */
  trust(): void;
  /** Subscribes to the topic. */
  join(topic: string): void;
  leave(topic: string): void;
  /** Bytes in this process that the peer has not read yet. */
  readonly buffered: number;
  /**
   * Has the buffer exceeded its limit, without having drained since? Then only replies should be
   * sent.
   */
  readonly congested: boolean;
  /**
   * Does it deliver everything that is published to a topic until it leaves the topic, even after
   * an overflow? Sockets do not.
   */
  readonly lossless?: boolean;
  /**
   * May more than replies be sent: is the connection not congested, and are fewer than `lowWater`
   * bytes waiting for the peer?
   */
  hasRoom(lowWater: number): boolean;
}

/** The events of a connection. */
export interface ConnectionListener {
  /** The connection is open. The listener may send first. */
  opened?(): void;
  /**
   * A frame arrived: text as a string, binary as bytes that are only valid during this call. `size`
   * in bytes.
   */
  frame(data: string | Uint8Array, size: number): void;
  /** A frame or a publish was refused because the buffer was full: **this socket has missed data.** */
  overflow(): void;
  /**
   * The peer has not authenticated, and it or all such peers together have sent too much: it must
   * be closed.
   */
  evicted(why: PeerLimit): void;
  /** The peer floods the gateway with control frames. */
  flooded(): void;
  /** The buffer has drained. */
  drain(): void;
  closed(code: number, reason: string): void;
}

/** The handshake of a WebSocket. */
export interface Handshake {
  readonly address: string;
  readonly host: string;
  /** The hosts that a trusted proxy was asked for: `X-Forwarded-Host`, `Forwarded`. */
  readonly forwardedHosts?: readonly string[];
  /** `Origin` header; empty if the client is not a browser. */
  readonly origin: string;
  /**
   * Subprotocols that the client offers, in its order, over any number of header lines. RFC 6455
   * section 11.3.4.
   */
  readonly protocols: readonly string[];
  /** Path of the request, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** The code and the reason of a close frame. */
export interface CloseFrame {
  readonly code: number;
  /** At most 123 bytes of UTF-8. */
  readonly reason: string;
}

/** The answer to a handshake. */
export type Admission =
  | {
      readonly ok: true;
      /** Empty: the client offered none. */
      readonly protocol: string;
      /** Passed to `open`. */
      readonly choice?: object;
    }
  /**
   * Accepted, and closed at once: a browser shows its page the code and the reason of a close, but
   * nothing of an HTTP response.
   */
  | { readonly ok: false; readonly protocol: string; readonly closeFrame: CloseFrame }
  /**
   * Refused over HTTP, so that a proxy can read the status and try another node. `retryAfter` in
   * milliseconds.
   */
  | { readonly ok: false; readonly status: number; readonly body: string; readonly retryAfter?: number };

/** The gateway's side of the transport. */
export interface Acceptor {
  /**
   * A TCP connection was opened. Returns whether it is accepted; otherwise it is closed before
   * anything is read.
   */
  arrived?(): boolean;
  /** An error that no client caused. Without this method the error is thrown, and ends the process. */
  failed?(where: string, error: unknown): void;
  /** A request could not be parsed, and was refused before the HTTP side received it. */
  rejected?(address: string, detail: string): void;
  /** The paths of WebSockets, like `/ws`, or `/app/:key` with a parameter. */
  readonly paths: readonly string[];
  admit(handshake: Handshake): Admission;
  /** @param choice from the admission of its handshake */
  open(connection: Connection, choice?: object): ConnectionListener;
}

/** Fan-out: one call for all the connections that joined a topic. */
export interface Fanout {
  /**
   * Bytes of a frame from which a publish is written at once instead of with the turn's other
   * publishes. It may then reach a reader whose buffer refused earlier frames, so never publish
   * such a frame after a smaller one in the same turn.
   */
  readonly batchLimit: number;
  publish(topic: string, frame: string | Uint8Array, binary: boolean): void;
}
