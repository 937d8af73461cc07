import type { Command, CommandFault, ErrorBody, Message, ParsedCommand, ServerMessage } from '@sluice/protocol';

/** A message, encoded once, ready to be joined with others into a frame. */
export type Part = string | Uint8Array;

/** A message, as a value and as JSON; each is created on demand. */
export interface Encodable {
  readonly message: Message;
  readonly json: string;
}

export type { CommandFault, ParsedCommand } from '@sluice/protocol';

/** Optional fields of a `messages` push in addition to channel and epoch. SPEC.md section 6. */
export interface PushPrefix {
  /** Subscription id. */
  readonly sub?: number;
  /** Offset from which the push continues. */
  readonly after?: number;
}

/** Sends the frames of one client. */
export interface Outlet {
  send(frame: string | Uint8Array, binary: boolean): void;
}

/** The part of a handshake that selects a wire protocol. */
export interface Selection {
  /** Path of the request, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Subprotocols that the client offers, in its order of preference. */
  readonly protocols: readonly string[];
}

/**
 * A wire protocol on one connection. It translates the client's input into commands, and replies
 * and pushes into frames. A stateless wire shares one session among all its connections, so that an
 * idle connection costs nothing.
 */
export interface WireSession {
  /** The client's request says which subscriptions it has: the backend cannot add others. */
  readonly fixed?: boolean;
  /**
   * The connection is open. A wire that sends first does so here.
   *
   * @returns commands to execute before any input of the client, such as a `connect` that the
   *   foreign protocol does not have
   */
  opened?(outlet: Outlet): readonly Command[];
  /**
   * Decodes a frame. Time and memory are linear in its bytes, whatever lengths it claims.
   *
   * @returns its values, at least one; `parse` checks each of them later
   * @throws if it cannot be decoded; the message has the reason, without quoting the frame
   */
  decode(data: string | Uint8Array): readonly unknown[];
  /** Parses a value of a frame as a command. */
  parse(value: unknown): ParsedCommand;
  /**
   * Why a command cannot be the first: nothing is executed before `connect`, and the connection
   * closes with this error.
   */
  refuseEarly(command: Command): CommandFault;
  /** Sends replies and pushes, in their order. */
  send(messages: readonly ServerMessage[], outlet: Outlet): void;
  /**
   * Reports why the gateway closes the connection, in a protocol with a frame for that. The close
   * frame follows.
   */
  reportClose?(error: ErrorBody, outlet: Outlet): void;
}

/** How a message is encoded, once for all connections of a wire protocol. */
export interface Wire {
  /** Short and unique: the prefix of its fan-out topics. */
  readonly id: string;
  readonly binary: boolean;
  /** Encodes pushes as one frame, for all clients that share it. */
  encode(messages: readonly ServerMessage[]): string | Uint8Array;
  encodeMessage(message: Encodable): Part;
  /** Maximum messages in one frame. Default: as many as fit. */
  readonly perFrame?: number;
  /**
   * The head of the `messages` pushes of a subscription. Without `after` it is the same for a whole
   * epoch.
   */
  prefix(channel: string, epoch: string, of?: PushPrefix): Part;
  /** Joins encoded messages of one channel into a `messages` push. */
  join(prefix: Part, parts: readonly Part[]): Uint8Array;
  /** Same as `join`, for one message: in the form that the transport publishes fastest. */
  single(prefix: Part, message: Encodable): Part;
}

/** A wire protocol over WebSockets: which handshakes select it, and how it opens on a connection. */
export interface SocketWire extends Wire {
  readonly subprotocol: string;
  /**
   * The path of its WebSockets, such as `/ws`, or `/app/:key` with parameters of one segment each.
   * Default: `/ws`, where the subprotocol decides.
   */
  readonly path?: string;
  /** Opens it on a connection. Called after the handshake that selected it. */
  open(selection: Selection): WireSession;
}
