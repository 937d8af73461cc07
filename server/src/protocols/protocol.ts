import type { Command, CommandFault, ErrorBody, Message, ParsedCommand, ServerMessage } from '@sluice/protocol';

/** A message, encoded once, ready to be joined with others into a frame. */
export type Part = string | Uint8Array;

/** A message, by value and as JSON; each is made when it is asked for. */
export interface Encodable {
  readonly message: Message;
  readonly json: string;
}

export type { CommandFault, ParsedCommand } from '@sluice/protocol';

/** What the head of a `messages` push may carry beside channel and epoch. SPEC.md section 6. */
export interface PushPrefix {
  /** Subscription id. */
  readonly sub?: number;
  /** Offset from which the push continues. */
  readonly after?: number;
}

/** Where the frames of one client go. */
export interface Outlet {
  send(frame: string | Uint8Array, binary: boolean): void;
}

/** The part of a handshake that selects a wire protocol. */
export interface Selection {
  /** Path of the request, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Subprotocols that the client offers, in its order. */
  readonly protocols: readonly string[];
}

/**
 * A wire protocol on one connection. It translates what the client sends into commands, and replies and pushes into the client's frames. A wire without state shares one
 * session among all its connections, so that an idle connection costs nothing.
 */
export interface WireSession {
  /**
   * The connection is open: a wire that speaks first does it here.
   *
   * @returns commands to carry out before anything that the client sends, e.g. a `connect` that the foreign protocol does not have
   */
  opened?(outlet: Outlet): readonly Command[];
  /**
   * Reads a frame. Time and memory are linear in its bytes, whatever it claims to hold.
   *
   * @returns the values in it, at least one; `parse` checks each when its turn comes
   * @throws when it cannot be decoded; the message says why, without quoting the frame
   */
  decode(data: string | Uint8Array): readonly unknown[];
  /** Reads a value of a frame as a command. */
  parse(value: unknown): ParsedCommand;
  /** Why a command cannot be the first: nothing is carried out before `connect`, and the connection closes with this. */
  refuseEarly(command: Command): CommandFault;
  /** Sends replies and pushes, in their order. */
  send(messages: readonly ServerMessage[], outlet: Outlet): void;
  /** Says why the gateway closes, in a protocol that does it in a frame of its own. The close frame follows. */
  goodbye?(error: ErrorBody, outlet: Outlet): void;
}

/** How a message is encoded, once for all connections of a wire protocol. */
export interface Wire {
  /** Short and unique: it begins the names of its fan-out topics. */
  readonly id: string;
  readonly binary: boolean;
  /** Writes pushes as one frame, for all who share it. */
  encode(messages: readonly ServerMessage[]): string | Uint8Array;
  encodeMessage(message: Encodable): Part;
  /** Most messages in one frame. Default: as many as fit. */
  readonly perFrame?: number;
  /** What the `messages` pushes of a subscription begin with. Without `after` it is the same for a whole epoch. */
  prefix(channel: string, epoch: string, of?: PushPrefix): Part;
  /** Joins encoded messages of one channel into a `messages` push. */
  join(prefix: Part, parts: readonly Part[]): Uint8Array;
  /** As `join`, for one message: in the form that the transport publishes fastest. */
  single(prefix: Part, message: Encodable): Part;
}

/** A wire protocol over WebSockets: which handshakes select it, and how it opens on a connection. */
export interface SocketWire extends Wire {
  readonly subprotocol: string;
  /**
   * Where its WebSockets are opened: a path of the form `/ws`, or `/app/:key` with parameters of one segment each. Default: `/ws`, where the subprotocol decides.
   */
  readonly path?: string;
  /** Opens it on a connection. Called after the handshake that selected it. */
  open(selection: Selection): WireSession;
}
