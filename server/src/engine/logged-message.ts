import type { Message } from '@sluice/protocol';
import { expiryOf, writeMessage } from './message-json.ts';

/**
 * A message of a log, by value and as JSON. An engine provides the form that it has; the other is
 * created on first use, once for all users.
 */
export class LoggedMessage {
  readonly offset: number;
  #message: Message | undefined;
  #json: string | undefined;

  private constructor(offset: number, message: Message | undefined, json: string | undefined) {
    this.offset = offset;
    this.#message = message;
    this.#json = json;
  }

  /** @param json the same as JSON, if it is available */
  static of(message: Message, json?: string): LoggedMessage {
    return new LoggedMessage(message.offset, message, json);
  }

  /** @param json of a message with this offset, surely */
  static read(json: string, offset: number): LoggedMessage {
    return new LoggedMessage(offset, undefined, json);
  }

  get message(): Message {
    this.#message ??= JSON.parse(this.#json as string) as Message;
    return this.#message;
  }

  /** When it expires: milliseconds since the Unix epoch; `undefined`: never. Does not parse it. */
  get expiresAt(): number | undefined {
    return this.#message === undefined ? expiryOf(this.#json as string) : this.#message.expiresAt;
  }

  get json(): string {
    this.#json ??= writeMessage(this.#message as Message);
    return this.#json;
  }
}
