import type { Command, ErrorName, Message, ServerMessage } from '@sluice/protocol';

/** A message, encoded once, ready to be joined with others into a frame. */
export type Part = string | Uint8Array;

/** A message, by value and as JSON; each is made when it is asked for. */
export interface Encodable {
  readonly message: Message;
  readonly json: string;
}

/** Why a value is no command. SPEC.md section 8.1. */
export interface CommandFault {
  /** The command's id, as far as it has one that an answer can carry. */
  readonly id?: number;
  readonly error: ErrorName;
  readonly detail: string;
}

export type ParsedCommand = { readonly command: Command } | { readonly fault: CommandFault };

/** What the head of a `messages` push may carry beside channel and epoch. SPEC.md section 6. */
export interface PushPrefix {
  /** Subscription id. */
  readonly sub?: number;
  /** Offset from which the push continues. */
  readonly after?: number;
}

/** One way of writing frames: what sessions and fan-out need to know of a wire protocol. */
export interface Wire {
  /** Short and unique: it begins the names of its fan-out topics. */
  readonly id: string;
  readonly subprotocol: string;
  readonly binary: boolean;
  /**
   * Reads a frame. Time and memory are linear in its bytes, whatever it claims to hold.
   *
   * @returns the values in it, at least one; `parse` checks each when its turn comes
   * @throws when it cannot be decoded; the message says why, without quoting the frame
   */
  decode(data: string | Uint8Array): readonly unknown[];
  /** Reads a value of a frame as a command. */
  parse(value: unknown): ParsedCommand;
  encode(messages: readonly ServerMessage[]): string | Uint8Array;
  encodeMessage(message: Encodable): Part;
  /** What the `messages` pushes of a subscription begin with. Without `after` it is the same for a whole epoch. */
  open(channel: string, epoch: string, of?: PushPrefix): Part;
  /** Joins encoded messages of one channel into a `messages` push. */
  join(opening: Part, parts: readonly Part[]): Uint8Array;
  /** As `join`, for one message: in the form that the transport publishes fastest. */
  single(opening: Part, message: Encodable): Part;
}
